// What a receiver is to get, made once and never changed: every attempt sends the same bytes under
// the same id.
#pragma once

#include <string>

#include <boost/json.hpp>

#include "policies/insight/alert_book.hpp"

namespace proxy::alerts {

struct delivery {
  std::string id; // by which a receiver knows it again
  policies::insight::severity how{};
  std::int64_t made_ms = 0;
  std::string subject{}; // one line
  std::string text{};    // for people
  std::string html{};    // of a report; else empty
  std::string event{};   // JSON: what webhooks and commands get
};

// As receivers and the admin plane show it. `key_name`: empty where there is none.
boost::json::object view_of(const policies::insight::alert& what, const std::string& key_name);
// Of an alert that began, or with `resolved` set, has ended.
delivery delivery_of(const policies::insight::alert& what, const std::string& key_name);
delivery test_delivery(const std::string& id, policies::instant now);

// As stored: one line of JSON, without a line end; nullopt: it is none.
std::string line_of(const policies::insight::alert& what);
std::optional<policies::insight::alert> alert_in(const std::string& line);
std::string line_of(const delivery& what);
std::optional<delivery> delivery_in(const std::string& line);

std::string rfc3339(policies::instant at);

} // namespace proxy::alerts
