// The admin plane: the owner's HTTP interface to keys, usage, ledger and audit, on a thread of its
// own. Store calls block that thread and nothing else.
#pragma once

#include <memory>
#include <string>

#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/message.hpp"
#include "proxy/config/settings.hpp"
#include "proxy/tls/server_context.hpp"

namespace proxy::admin {

// What a key that may delegate asks about the keys below it.
struct delegated_call {
  policies::key_id by;
  std::string method;
  std::string target;
  std::string body;
  std::string if_match;
  std::string idempotency_key;
};

class admin_server {
 public:
  explicit admin_server(admin_context context);
  ~admin_server(); // stops

  // Listens on an address like 127.0.0.1:8081 and serves. The answer names the port that a 0
  // became.
  outcome<config::host_port> start(const std::string& listen);
  // The same on a listening socket that was handed in, which it takes.
  outcome<config::host_port> start_on(int listening);
  int copy_of_listener(); // listens on when this ends
  // Serves over TLS from the next connection on; before start() or while it runs. Thread-safe.
  void use_tls(tls::context settings);
  // Answered on the admin plane's thread, in turn with its own calls. Thread-safe.
  void administer(delegated_call call, std::function<void(reply)> done);
  // Ends all connections and the thread. Calls that have begun a change have finished it.
  void stop();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace proxy::admin
