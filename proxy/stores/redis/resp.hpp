// Commands to bytes and bytes to replies: hiredis's parser with an owner, and bounds on what a
// reply may be. No socket.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <hiredis/hiredis.h>

#include "proxy/stores/redis/address.hpp"

namespace proxy::stores::redis {

void append_argument(std::string& out, std::string_view argument);

// A command in RESP, put together without an allocation of its own.
class command_writer {
 public:
  command_writer(std::string& out, std::size_t arguments);
  command_writer& operator<<(std::string_view argument) {
    append_argument(out_, argument);
    return *this;
  }

 private:
  std::string& out_;
};

template <class... Text>
void append_command(std::string& out, const Text&... arguments) {
  command_writer writer{out, sizeof...(arguments)};
  (writer << ... << std::string_view{arguments});
}

struct free_reply {
  void operator()(redisReply* what) const { freeReplyObject(what); }
};
using reply = std::unique_ptr<redisReply, free_reply>;

class reply_reader {
 public:
  explicit reply_reader(std::size_t bytes_max);
  // False: not RESP, or a reply grows beyond the bound.
  bool feed(const char* bytes, std::size_t count);
  reply next(); // nullptr: none is complete
  bool broken() const { return broken_; }
  bool empty() const { return reader_->len == reader_->pos; } // nothing is left to be taken

 private:
  struct free_reader {
    void operator()(redisReader* what) const { redisReaderFree(what); }
  };
  std::unique_ptr<redisReader, free_reader> reader_;
  std::size_t bytes_max_;
  std::size_t unfinished_ = 0; // bytes since the last complete reply
  bool broken_ = false;
};

inline bool is_error(const redisReply& r) {
  return r.type == REDIS_REPLY_ERROR;
}
inline std::string_view text_of(const redisReply& r) {
  const bool has_text =
      r.type == REDIS_REPLY_STRING || r.type == REDIS_REPLY_STATUS || r.type == REDIS_REPLY_ERROR;
  return has_text ? std::string_view{r.str, static_cast<std::size_t>(r.len)} : std::string_view{};
}
inline std::span<redisReply* const> items_of(const redisReply& r) {
  if (r.type != REDIS_REPLY_ARRAY)
    return {};
  return {r.element, static_cast<std::size_t>(r.elements)};
}
// Of an integer, or a string that is one.
std::optional<std::int64_t> number_of(const redisReply& r);

// What to tell where Redis answers, but with an error.
failure refused_by_redis(const redisReply& error);

// What a connection begins with: who we are, which database, and what we need of it.
struct hello {
  std::string user{};
  std::string password{};
  int database = 0;
  bool master = false; // ask whether it is one
  bool scripts = true; // bring ours, and ask for the time and its name
};
hello hello_to_nodes(const address& to);
hello hello_to_sentinels(const address& to);

// Returns how many replies that makes.
std::size_t append_greeting(std::string& out, const hello& who);
// What stands against going on after such a reply.
std::optional<failure> fault_in_greeting(const redisReply& one);
// Where it is the time: in milliseconds.
std::optional<std::int64_t> time_in_greeting(const redisReply& one);
// Where it is about replication: under which name this process makes its history.
std::optional<std::string> replid_in_greeting(const redisReply& one);

} // namespace proxy::stores::redis
