// RESP in both directions.
#include "proxy/stores/redis/resp.hpp"

#include <charconv>

#include <fmt/format.h>

#include "proxy/stores/redis/scripts.hpp"

namespace proxy::stores::redis {

namespace {

void append_length(std::string& out, char mark, std::size_t value) {
  char digits[24];
  digits[0] = mark;
  const auto end = std::to_chars(digits + 1, digits + sizeof digits, value).ptr;
  out.append(digits, end);
  out.append("\r\n", 2);
}

// hiredis makes room for as many elements as an array says it has, before one of them has come:
// for more than fit into the longest answer there is none. Older ones count them in an int.
decltype(redisReplyObjectFunctions::createArray) array_of_hiredis = nullptr;

template <class Count>
void* bounded_array(const redisReadTask* task, Count elements) {
  constexpr std::size_t element_bytes_min = 4; // ":0" and the line's end
  const auto bytes_max = reinterpret_cast<std::uintptr_t>(task->privdata);
  if (static_cast<std::size_t>(elements) > bytes_max / element_bytes_min)
    return nullptr;
  return array_of_hiredis(task, elements);
}

redisReplyObjectFunctions* bounded(const redisReplyObjectFunctions& own) {
  static redisReplyObjectFunctions all = [&own] {
    array_of_hiredis = own.createArray;
    redisReplyObjectFunctions made = own;
    made.createArray = bounded_array;
    return made;
  }();
  return &all;
}

} // namespace

void append_argument(std::string& out, std::string_view argument) {
  append_length(out, '$', argument.size());
  out.append(argument);
  out.append("\r\n", 2);
}

command_writer::command_writer(std::string& out, std::size_t arguments) : out_(out) {
  append_length(out, '*', arguments);
}

reply_reader::reply_reader(std::size_t bytes_max)
    : reader_(redisReaderCreate()), bytes_max_(bytes_max) {
  reader_->fn = bounded(*reader_->fn);
  reader_->privdata = reinterpret_cast<void*>(bytes_max);
}

bool reply_reader::feed(const char* bytes, std::size_t count) {
  unfinished_ += count;
  if (unfinished_ > bytes_max_ || redisReaderFeed(reader_.get(), bytes, count) != REDIS_OK)
    broken_ = true;
  return !broken_;
}

reply reply_reader::next() {
  void* made = nullptr;
  if (broken_ || redisReaderGetReply(reader_.get(), &made) != REDIS_OK) {
    broken_ = true;
    return nullptr;
  }
  if (made)
    unfinished_ = reader_->len - reader_->pos;
  return reply{static_cast<redisReply*>(made)};
}

std::optional<std::int64_t> number_of(const redisReply& r) {
  if (r.type == REDIS_REPLY_INTEGER)
    return r.integer;
  const std::string_view text = text_of(r);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

failure refused_by_redis(const redisReply& error) {
  const std::string_view text = text_of(error);
  std::string hint;
  if (text.starts_with("WRONGPASS") || text.starts_with("NOAUTH"))
    hint = "; see store.password and the user in store.url";
  else if (text.starts_with("NOPERM"))
    hint = "; the user needs +@read +@write +@scripting +@fast +time +info on keys ds:*, behind "
           "Sentinel +role too, in a cluster +cluster|slots, for durability = \"replicated\" "
           "+wait";
  else if (text.starts_with("OOM"))
    hint = "; Redis has reached its maxmemory";
  else if (text.starts_with("WRONGTYPE"))
    hint = "; something else has written at keys that begin with ds:";
  return {errc::store_unavailable, fmt::format("Redis says: {}{}", text, hint)};
}

hello hello_to_nodes(const address& to) {
  return {.user = to.user,
          .password = to.password,
          .database = to.database,
          .master = to.how == layout::sentinel};
}

hello hello_to_sentinels(const address& to) {
  return {.password = to.sentinel_password, .scripts = false};
}

std::size_t append_greeting(std::string& out, const hello& who) {
  std::size_t replies = 0;
  if (!who.password.empty()) {
    if (who.user.empty())
      append_command(out, "AUTH", who.password);
    else
      append_command(out, "AUTH", who.user, who.password);
    ++replies;
  }
  if (who.database != 0) {
    append_command(out, "SELECT", std::to_string(who.database));
    ++replies;
  }
  if (who.master) {
    append_command(out, "ROLE");
    ++replies;
  }
  if (!who.scripts)
    return replies;
  for (const script each : all_scripts)
    append_command(out, "SCRIPT", "LOAD", source_of(each));
  append_command(out, "TIME");
  append_command(out, "INFO", "replication");
  return replies + all_scripts.size() + 2;
}

std::optional<failure> fault_in_greeting(const redisReply& one) {
  if (is_error(one))
    return refused_by_redis(one);
  const auto role = items_of(one);
  if (!role.empty() && (text_of(*role[0]) == "slave" || text_of(*role[0]) == "sentinel"))
    return failure{errc::store_unavailable,
                   fmt::format("Redis is no master but a {}",
                               text_of(*role[0]) == "slave" ? "replica" : "sentinel")};
  return std::nullopt;
}

std::optional<std::int64_t> time_in_greeting(const redisReply& one) {
  const auto time = items_of(one);
  const auto seconds = time.size() == 2 ? number_of(*time[0]) : std::nullopt;
  const auto micros = seconds ? number_of(*time[1]) : std::nullopt;
  return micros ? std::optional{*seconds * 1000 + *micros / 1000} : std::nullopt;
}

std::optional<std::string> replid_in_greeting(const redisReply& one) {
  constexpr std::string_view name = "\nmaster_replid:";
  const std::string_view text = text_of(one);
  const std::size_t at = text.find(name);
  if (at == text.npos)
    return std::nullopt;
  const std::string_view rest = text.substr(at + name.size());
  return std::string{rest.substr(0, rest.find_first_of("\r\n"))};
}

} // namespace proxy::stores::redis
