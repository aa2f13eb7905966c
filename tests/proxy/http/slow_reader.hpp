// A second reader of requests, answers and chunked bodies, written from the rules alone and with
// nothing of proxy/http in it: slow, plain, and the judge of the fast one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slow {

using fields = std::vector<std::pair<std::string, std::string>>;

struct request {
  std::string method, target, host;
  bool http_1_1 = false;
  bool keep_alive = false;
  bool chunked = false;
  std::optional<std::uint64_t> length;
  fields all;
};
// nullopt: not a head that may be accepted.
std::optional<request> read_request(std::string text);

struct response {
  int status = 0;
  bool keep_alive = false;
  char body = 0; // n none, l length, c chunked, u until the connection ends
  std::optional<std::uint64_t> length;
  fields all;
};
std::optional<response> read_response(const std::string& text);

struct body {
  std::string payload;
  std::size_t consumed = 0;
};
// A whole chunked body in front of `text`; nullopt: none.
std::optional<body> read_chunked(const std::string& text);

} // namespace slow
