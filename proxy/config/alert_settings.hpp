// Who is told of what, and how: [alerts] and [insight] of the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "policies/insight/routing.hpp"
#include "policies/insight/rule_settings.hpp"

namespace proxy::config {

enum class receiver_kind : std::uint8_t { webhook, slack, email, command };

// One [[alerts.receiver]].
struct receiver_settings {
  std::string name;
  receiver_kind kind = receiver_kind::webhook;
  std::string url;    // http(s)://, smtp://, smtps://, or where such a URL is found
  std::string secret; // a source: what webhooks are signed with, or the password at the mail server
  std::string command;
  std::string user;            // at the mail server; empty: no sign-in
  std::string from;            // mail
  std::vector<std::string> to; // mail
  std::string ca_file;         // PEM; empty: the system's
  bool plain_smtp = false;     // without STARTTLS, which is for this machine only
  policies::insight::routing routes;
  std::vector<std::string> reports; // "daily", "weekly", "monthly"
};
inline constexpr std::size_t receivers_max = 16;

struct alert_settings {
  std::vector<receiver_settings> receivers;
  std::size_t queue_bytes_max = 16u << 20; // of each receiver, on disk
  std::chrono::seconds retry_max{300};     // between two attempts
  std::vector<std::string> reports;        // written as files
  std::filesystem::path reports_path;      // empty: reports/ in the data directory
};

struct insight_settings {
  bool enabled = true;
  std::size_t keys_watched_max = 20'000; // in memory at once, by last use
  policies::insight::rule_settings rules;
};

} // namespace proxy::config
