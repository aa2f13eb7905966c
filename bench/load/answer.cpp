// A small reader of heads, lengths and chunks: enough for any gateway's answers to POST.
#include "bench/load/answer.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace load {
namespace {

constexpr std::size_t head_bytes_max = 64 * 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// The number at the start of `text`; -1 if there is none.
std::int64_t number(std::string_view text, int base) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

} // namespace

void answer::read_head(std::string_view head) {
  const std::string text = lower(head);
  status_ = text.starts_with("http/1.") ? static_cast<int>(number(text.substr(8), 10)) : -1;
  if (status_ < 100 || status_ > 599) {
    state_ = state::malformed;
    return;
  }
  if (status_ < 200) // 100 Continue: the answer is still to come
    return;
  keeps_alive_ = text.starts_with("http/1.1") && text.find("\r\nconnection: close") == text.npos;
  state_ = state::body;
  const auto length = text.find("\r\ncontent-length:");
  if (status_ == 204 || status_ == 304) {
    state_ = state::complete;
  } else if (text.find("\r\ntransfer-encoding: chunked") != text.npos) {
    framing_ = framing::chunked;
  } else if (length != text.npos) {
    framing_ = framing::length;
    left_ = number(std::string_view(text).substr(length + 17), 10);
    state_ = left_ < 0 ? state::malformed : left_ == 0 ? state::complete : state::body;
  } else {
    keeps_alive_ = false;
  }
}

std::string_view answer::take_head(std::string_view bytes) {
  const std::size_t before = pending_.size();
  pending_ += bytes;
  const auto end = pending_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == pending_.npos) {
    if (pending_.size() > head_bytes_max)
      state_ = state::malformed;
    return {};
  }
  bytes.remove_prefix(end + 4 - before);
  const std::string head = pending_.substr(0, end + 2);
  pending_.clear();
  read_head(head);
  return bytes;
}

std::string_view answer::take_counted(std::string_view bytes) {
  const auto taken = std::min(static_cast<std::int64_t>(bytes.size()), left_);
  left_ -= taken;
  bytes.remove_prefix(static_cast<std::size_t>(taken));
  return bytes;
}

void answer::take_line(std::string_view line) {
  if (chunk_ == chunk::size) {
    left_ = number(line, 16);
    if (left_ < 0)
      state_ = state::malformed;
    chunk_ = left_ == 0 ? chunk::trailer : chunk::data;
  } else if (chunk_ == chunk::data_end) {
    if (line != "\r")
      state_ = state::malformed;
    chunk_ = chunk::size;
  } else if (line == "\r") {
    state_ = state::complete;
  }
}

std::string_view answer::take_chunked(std::string_view bytes) {
  if (chunk_ == chunk::data) {
    bytes = take_counted(bytes);
    if (left_ == 0)
      chunk_ = chunk::data_end;
    return bytes;
  }
  const auto end = bytes.find('\n');
  pending_ += bytes.substr(0, end);
  if (end == bytes.npos) {
    if (pending_.size() > head_bytes_max)
      state_ = state::malformed;
    return {};
  }
  const std::string line = std::move(pending_);
  pending_.clear();
  take_line(line);
  return bytes.substr(end + 1);
}

answer::state answer::take(std::string_view bytes) {
  bytes_ += static_cast<std::int64_t>(bytes.size());
  if (state_ == state::complete && !bytes.empty())
    state_ = state::malformed;
  while (!bytes.empty() && (state_ == state::head || state_ == state::body)) {
    if (state_ == state::head) {
      bytes = take_head(bytes);
    } else if (framing_ == framing::until_close) {
      break;
    } else if (framing_ == framing::chunked) {
      bytes = take_chunked(bytes);
    } else {
      bytes = take_counted(bytes);
      if (left_ == 0)
        state_ = state::complete;
    }
    if (state_ == state::complete && !bytes.empty())
      state_ = state::malformed;
  }
  return state_;
}

answer::state answer::end() {
  if (state_ == state::body && framing_ == framing::until_close)
    state_ = state::complete;
  else if (state_ != state::complete)
    state_ = state::malformed;
  return state_;
}

} // namespace load
