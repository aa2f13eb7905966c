// A server of a cloud's kind on this machine: keeps each request as it came, answers from a list.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio.hpp>

#include "proxy/secrets/environment.hpp"

namespace secrets_test {

struct canned {
  unsigned status = 200;
  std::string body;
  std::string fields = {}; // more of them, each with its line end
};

struct heard {
  std::string method;
  std::string target;
  std::map<std::string, std::string> fields; // names in lower case
  std::string body;
};

class recording_server {
 public:
  // One answer a request, in order; a request too many gets 599. `silent`: never answers.
  enum class manner { answering, silent };
  explicit recording_server(std::vector<canned> answers, manner how = manner::answering);
  ~recording_server();

  std::string url() const { return "http://" + address(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<heard> requests();

 private:
  void run();

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  unsigned short port_;
  const manner manner_;
  std::mutex lock_;
  std::deque<canned> answers_;
  std::vector<heard> heard_;
  std::thread thread_;
};

// Variables as given, 2015-08-30 12:36:00 UTC, a home directory that is not there, real calls.
proxy::secrets::environment with(std::map<std::string, std::string> variables);

// The secret, or "failure: " and why.
std::string told(const proxy::outcome<std::string>& found);

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace secrets_test
