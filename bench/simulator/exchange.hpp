// One request and its answer: what was asked of the simulator, how it will behave, its row on the
// bill. Knows how to send JSON and problems; knows no endpoint.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/http.hpp>

#include "bench/simulator/answer.hpp"
#include "bench/simulator/problem.hpp"
#include "bench/simulator/world.hpp"

namespace simulator {

using http_request = boost::beast::http::request<boost::beast::http::string_body>;

class exchange {
 public:
  exchange(world& shared, wire& connection, const http_request& received, bool last_one);
  ~exchange();
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  world& state;
  wire& peer;
  const http_request& request;
  std::string path; // without query
  std::string query;
  std::shared_ptr<const behaviour> how;
  std::string wrong_option; // of an x-sim-* header, in words
  dice chance;
  fault_list faults;
  answer out;
  request_record row;

  std::string_view header(std::string_view name) const;

  // From here on the request is on the bill, whatever happens to the answer.
  void owe(family model) { owed_ = model; }
  // Puts it there, once.
  void charge();

  asio::awaitable<bool> send(int status, std::string body, std::string type = "application/json");
  asio::awaitable<bool> refuse(problem what);

 private:
  answer_terms terms(bool last_one) const;
  void read_headers();
  instant billing_instant();

  bill::place place_;
  std::optional<family> owed_;
};

} // namespace simulator
