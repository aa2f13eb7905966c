// RESP in both directions.
#include "proxy/stores/redis/resp.hpp"

#include <charconv>

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
    : reader_(redisReaderCreate()), bytes_max_(bytes_max) {}

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

std::size_t append_greeting(std::string& out, const address& to) {
  std::size_t replies = 0;
  if (!to.password.empty()) {
    if (to.user.empty())
      append_command(out, "AUTH", to.password);
    else
      append_command(out, "AUTH", to.user, to.password);
    ++replies;
  }
  if (to.database != 0) {
    append_command(out, "SELECT", std::to_string(to.database));
    ++replies;
  }
  for (const script each : all_scripts)
    append_command(out, "SCRIPT", "LOAD", source_of(each));
  append_command(out, "TIME");
  return replies + all_scripts.size() + 1;
}

} // namespace proxy::stores::redis
