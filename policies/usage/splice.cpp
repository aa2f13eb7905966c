// Edits are few and small: they are kept in place, sorted, with the text they insert.
#include "policies/usage/splice.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace policies::usage {
namespace {

constexpr std::int64_t default_without_thinking = 8 * 1024;
constexpr std::int64_t default_thinking = 64 * 1024;
constexpr std::int64_t default_reasoning_max = 128 * 1024;

std::string_view field_of(body_format format) {
  return format == body_format::responses ? "max_output_tokens" : "max_tokens";
}

// Whether the upstream reads this cap in requests of this format.
bool heeded(body_format format, std::string_view name) {
  return name == field_of(format) ||
         (format == body_format::chat && name == "max_completion_tokens");
}

std::span<const output_cap> caps_of(const inspection& request) {
  return {request.caps.data(), request.cap_count};
}

// A few bytes of text put together without allocating.
class small_text {
 public:
  small_text& operator<<(std::string_view text) {
    if (text.size() > room_.size() - used_)
      throw std::length_error("edits: the text is too long");
    used_ += text.copy(room_.data() + used_, text.size());
    return *this;
  }
  small_text& operator<<(std::int64_t number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return *this << std::string_view{digits.data(), end};
  }
  small_text& quote(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    *this << "\"";
    for (const char& c : text) {
      const auto code = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\')
        *this << "\\" << std::string_view{&c, 1};
      else if (code < 0x20)
        *this << "\\u00" << hex.substr(code >> 4, 1) << hex.substr(code & 15, 1);
      else
        *this << std::string_view{&c, 1};
    }
    return *this << "\"";
  }
  operator std::string_view() const { return {room_.data(), used_}; }

 private:
  std::array<char, 800> room_;
  std::size_t used_ = 0;
};

} // namespace

edits::edits(const edits& other) {
  *this = other;
}

edits& edits::operator=(const edits& other) {
  if (this == &other)
    return *this;
  count_ = other.count_;
  stored_ = other.stored_;
  std::copy_n(other.storage_.data(), stored_, storage_.data());
  for (std::size_t i = 0; i < count_; ++i) {
    const auto from = other.list_[i].insert.data() - other.storage_.data();
    list_[i] = other.list_[i];
    list_[i].insert = {storage_.data() + from, list_[i].insert.size()};
  }
  return *this;
}

std::size_t edits::resulting_size(std::size_t body_size) const {
  for (const edit& change : list())
    body_size = body_size + change.insert.size() - change.remove;
  return body_size;
}

void edits::add(std::size_t offset, std::size_t remove, std::string_view text) {
  if (count_ == list_.size() || text.size() > storage_.size() - stored_)
    throw std::length_error("edits: no room for another");
  char* kept = storage_.data() + stored_;
  stored_ += text.copy(kept, text.size());
  std::size_t place = count_++;
  for (; place != 0 && list_[place - 1].offset > offset; --place)
    list_[place] = list_[place - 1];
  list_[place] = {offset, remove, {kept, text.size()}};
}

void plan_edits(edits& out, body_format format, const inspection& request, tokens cap,
                std::optional<std::string_view> model) {
  bool set = format == body_format::opaque;
  for (const output_cap& given : caps_of(request)) {
    set |= heeded(format, given.name);
    if (!given.tokens || *given.tokens > cap.value)
      out.add(given.value.offset, given.value.length, small_text{} << cap.value);
  }
  if (!set) {
    small_text member;
    member.quote(field_of(format)) << ":" << cap.value;
    if (!request.empty_object)
      member << ",";
    out.add(request.insert_at, 0, member);
  }
  if (model && !request.model.empty() && *model != request.model)
    out.add(request.model_value.offset, request.model_value.length, small_text{}.quote(*model));
}

std::string apply(std::string_view body, const edits& changes) {
  std::string out;
  out.reserve(changes.resulting_size(body.size()));
  std::size_t done = 0;
  for (const edit& change : changes.list()) {
    out += body.substr(done, change.offset - done);
    out += change.insert;
    done = change.offset + change.remove;
  }
  return out += body.substr(done);
}

tokens wanted_output(const inspection& request, body_format format, tokens output_max) {
  std::int64_t wanted = 0;
  bool given = false;
  for (const output_cap& cap : caps_of(request)) {
    wanted = std::max(wanted, cap.tokens.value_or(0));
    given |= cap.tokens && heeded(format, cap.name);
  }
  if (!given) {
    wanted = std::max(wanted, request.reasoning_max       ? default_reasoning_max
                              : request.thinking_disabled ? default_without_thinking
                                                          : default_thinking);
  }
  return std::min(tokens{wanted}, output_max);
}

} // namespace policies::usage
