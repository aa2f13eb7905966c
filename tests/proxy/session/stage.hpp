// Everything one request's steps need, without a network: a journal in a directory of its own, a
// store that grants all, socket pairs in place of client and upstream, a clock that stands still.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/session/conversation.hpp"
#include "tests/proxy/journal/support.hpp"
#include "tests/proxy/upstream/loop.hpp"

namespace session_test {

namespace http = proxy::http;
namespace io = proxy::io;
namespace journal = proxy::journal;
namespace keys = proxy::keys;
namespace session = proxy::session;
namespace stores = proxy::stores;
using policies::admission::refusal_code;
using policies::keys::key_record;
using session::step;
using upstream_test::drive;
using upstream_test::next_turn;

// A Wednesday noon.
inline constexpr policies::instant noon{std::chrono::sys_days{std::chrono::year{2026} / 4 / 15} +
                                        std::chrono::hours{12}};

class granting_store : public stores::limit_store {
 public:
  bool reserve(stores::reserve_op& op) override { return grant(op); }
  bool extend(stores::reserve_op& op) override { return grant(op); }
  void settle(keys::key_slot&, const policies::request_id&, const policies::limits::hold&,
              const policies::limits::actuals& used, policies::instant) override {
    settled.push_back(used);
  }
  void cancel(keys::key_slot&, const policies::request_id&, const policies::limits::hold&,
              policies::instant) override {
    ++cancelled;
  }
  std::vector<policies::limits::actuals> settled;
  int cancelled = 0;

 private:
  static bool grant(stores::reserve_op& op) {
    op.result = stores::reserve_op::status::held;
    return true;
  }
};

// One end is the proxy's; the other the test's.
struct wire {
  io::stream* ours = nullptr;
  int theirs = -1;

  explicit wire(io::reactor& loop) {
    int both[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, both) == 0);
    ours = io::stream::adopt(loop, both[0]);
    theirs = both[1];
  }
  ~wire() {
    ours->close();
    end();
  }
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  void say(std::string_view text) const {
    REQUIRE(::send(theirs, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }
  std::string hear() const {
    std::string text(65536, '\0');
    const ssize_t got = ::recv(theirs, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  void end() {
    if (theirs >= 0)
      ::close(std::exchange(theirs, -1));
  }
};

class stage {
 public:
  stage();

  // A key with a secret of its own, known to the directory.
  keys::key_slot& add_key(key_record record);
  std::string secret_of(policies::key_id id) const;

  // The request at hand: its head, without the empty line, lines ended by CRLF.
  void ask(const std::string& head_lines);
  // "GET /v1/models" by this key.
  void ask_as(const keys::key_slot& key, const std::string& request, const std::string& more = "");
  step identify(std::string_view peer = "192.0.2.1");

  // The upstream's answer so far: `head` as parsed, and the connection to read the rest from.
  void answer(const std::string& head_lines);

  journal::test::scratch dir;
  std::unique_ptr<journal::keeper> keeper;
  proxy::config::settings settings;
  policies::pricing::price_table prices;
  keys::key_directory directory;
  granting_store limits;
  session::byte_budget bodies{1 << 20};
  session::repeated_answers repeats;
  session::response_cache cache{1 << 20};
  session::waiting_line line{{}};
  std::vector<std::string> written; // "file owner" or "file gone", as they were made durable
  stores::file_owners files;
  keys::origins origins;
  session::upstream_keys real_keys{directory.readers()};
  int bearer_refusals = 0;
  session::process shared;
  io::reactor loop;
  proxy::upstream::resolver names{"127.0.0.1", 9};
  proxy::upstream::pool pool;
  session::services my;
  wire client;
  wire upstream;
  std::unique_ptr<session::exchange> exchange = std::make_unique<session::exchange>();
  session::exchange& x = *exchange;
  session::known_caller caller;
  session::conversation c;

 private:
  std::string answer_text_;
  std::vector<std::pair<policies::key_id, std::string>> secrets_;
};

// What a step wrote into a head, as text.
template <class Write>
std::string written_by(session::conversation& c, Write write) {
  std::string room(16 * 1024, '\0');
  http::head_writer out{{room.data(), room.size()}};
  write(out, c);
  CHECK(out.ok());
  return std::string(out.text());
}

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

} // namespace session_test
