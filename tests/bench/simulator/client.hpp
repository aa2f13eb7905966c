// A simulator in process and a plain blocking client for it. Knows HTTP by Beast; knows nothing of
// the simulator's insides but how to start it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio.hpp>
#include <boost/json.hpp>

#include "bench/simulator/server.hpp"
#include "tests/support/catch.hpp"

namespace simulator_test {

namespace json = boost::json;

using header_list = std::vector<std::pair<std::string, std::string>>;

struct reply {
  int status = 0;
  std::map<std::string, std::string> headers; // names in lower case
  std::string body;
  bool complete = false; // the framing was kept to the end
  std::string error;     // of the connection, if it broke

  json::value parsed() const { return json::parse(body); }
  // The data of each event, "[DONE]" included.
  std::vector<std::string> events() const;
};

// One connection, kept alive as long as the simulator does.
class client {
 public:
  explicit client(std::uint16_t port);

  reply send(std::string_view method, std::string_view target, std::string_view body,
             const header_list& headers = {});
  // In steps, for answers that are held back.
  void write_request(std::string_view method, std::string_view target, std::string_view body,
                     const header_list& headers);
  void write_raw(std::string_view bytes);
  // All bytes up to and including `end`; what came so far if the connection ends.
  std::string read_until(std::string_view end);
  reply read_reply(bool head_only = false);
  void close();

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  std::string read_;
};

// A running simulator with the key sk-simulator and shorthands to talk to it.
class simulation {
 public:
  explicit simulation(simulator::server_settings settings = {});

  std::uint16_t port() const { return server_.port(); }
  simulator::server& server() { return server_; }

  reply post(std::string_view target, std::string_view body, header_list headers = {});
  reply get(std::string_view target, header_list headers = {});
  json::value control(std::string_view name, std::string_view body); // POST /__sim/name
  json::value look(std::string_view name);                           // GET /__sim/name
  // The newest row, once it is done.
  json::object last_row();

 private:
  simulator::server server_;
};

// {"model":"deepseek-flash","messages":[{"role":"user","content":"Hi"}],…more}
std::string chat_body(std::string_view more = "");

std::int64_t number(const json::value& from, std::string_view pointer);
std::string text(const json::value& from, std::string_view pointer);

} // namespace simulator_test
