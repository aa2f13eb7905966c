// A client's end of one connection: sends what it is told, however wrong, and reads answers. It
// shares no code with the server but Beast's parser of answers.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace proxy::admin::test {

struct reading {
  int status = 0;
  std::map<std::string, std::string> fields; // names in lower case
  std::string body;

  // "" where it is absent.
  std::string field(const std::string& name) const;
  boost::json::object json() const;  // fails the test where it is none
  boost::json::object error() const; // the error object of OpenAI's shape
};

class connection {
 public:
  explicit connection(std::uint16_t port);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void send(std::string_view text);
  void end_sending();
  // The next answer; `to_head`: it has no body whatever its fields say. nullopt: the server closed.
  std::optional<reading> read(bool to_head = false);
  std::string read_to_end(); // all that comes until the server closes
  bool hears_within(std::chrono::milliseconds time);

 private:
  bool receive(); // false: closed
  int socket_ = -1;
  std::string buffer_;
};

} // namespace proxy::admin::test
