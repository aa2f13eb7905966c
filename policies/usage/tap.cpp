// Cuts a stream into events (WHATWG HTML, server-sent events; lines end in LF or CRLF), lets the
// filter pass over those that say nothing, and believes what the scan read of the others.
#include "policies/usage/tap.hpp"

#include <algorithm>
#include <cstring>

#include "policies/usage/event_filter.hpp"

namespace policies::usage {
namespace {

constexpr std::string_view data_field = "data";
constexpr std::string_view event_field = "event";
constexpr std::string_view done_data = "[DONE]";

const char* find_line_end(const char* at, const char* end) {
  const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
  return found ? static_cast<const char*>(found) : end;
}

std::string_view without_cr(std::string_view text) {
  if (text.ends_with('\r'))
    text.remove_suffix(1);
  return text;
}

answer_scan::wrapping wrapping_of(body_format format, tap::kind what) {
  using enum answer_scan::wrapping;
  if (what == tap::kind::plain)
    return none;
  return format == body_format::responses   ? response
         : format == body_format::anthropic ? message
                                            : none;
}

bool ends_with_done(body_format format) {
  return format != body_format::responses && format != body_format::anthropic;
}

} // namespace

void tap::start(body_format format, kind what, bounds limits) {
  format_ = format;
  kind_ = what;
  limits_ = limits;
  facts_.usage.reset();
  facts_.model.clear();
  facts_.model.reserve(64);
  facts_.finished = facts_.is_error = false;
  scan_.start(wrapping_of(format, what));
  line_ = line::start;
  kept_length_ = data_length_ = data_lines_ = 0;
  event_ = event_kind::other;
  begun_.clear();
}

void tap::feed(std::string_view bytes) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  if (kind_ == kind::plain) {
    const bool was_whole = scan_.complete();
    scan_.feed(at, end);
    if (scan_.complete() && !was_whole)
      believe();
    return;
  }
  while (at != end) {
    if (line_ == line::start) {
      if (const char* next = whole_event(at, end)) {
        at = next;
        continue;
      }
    }
    at = in_line(at, end);
  }
}

void tap::finish() {
  if (kind_ == kind::sse)
    end_event();
}

// An event's one data line and the blank line after it, if both are there; else nullptr.
const char* tap::whole_event(const char* at, const char* end) {
  constexpr std::string_view field = "data:";
  if (data_lines_ != 0 || static_cast<std::size_t>(end - at) <= field.size() ||
      std::memcmp(at, field.data(), field.size()) != 0)
    return nullptr;
  at += field.size();
  const char* line_end = find_line_end(at, end);
  if (end - line_end < 2)
    return nullptr;
  const char* next = line_end + (end - line_end > 2 && line_end[1] == '\r' ? 2 : 1);
  if (*next != '\n')
    return nullptr;
  at += *at == ' ';
  const std::string_view data{at, static_cast<std::size_t>(line_end - at)};
  data_lines_ = 1;
  const bool skip = event_ == event_kind::other && !facts_.model.empty() &&
                    data.size() <= limits_.event_max && !data.starts_with('[') &&
                    !worth_reading(format_, data);
  if (!skip)
    take_data(data);
  end_event();
  return next + 1;
}

const char* tap::in_line(const char* at, const char* end) {
  switch (line_) {
  case line::start:
    begin_line(*at);
    return line_ == line::start ? at + 1 : at;
  case line::name:
    return in_name(at, end);
  case line::data_begin:
    line_ = line::data;
    return at + (*at == ' ');
  case line::data:
    return in_data(at, end);
  case line::event_begin:
    line_ = line::event;
    return at + (*at == ' ');
  case line::event:
    return in_event(at, end);
  case line::ignored:
    at = find_line_end(at, end);
    if (at == end)
      return end;
    line_ = line::start;
    return at + 1;
  }
  return end;
}

void tap::begin_line(char first) {
  if (first == '\n') {
    end_event();
  } else if (first != '\r') {
    kept_length_ = 0;
    line_ = line::name;
  }
}

const char* tap::in_name(const char* at, const char* end) {
  for (; at != end; ++at) {
    if (*at == '\n') { // a field without a value
      line_ = line::start;
      return at + 1;
    }
    if (*at == ':') {
      const std::string_view name{kept_.data(), kept_length_};
      line_ = name == data_field    ? line::data_begin
              : name == event_field ? line::event_begin
                                    : line::ignored;
      kept_length_ = 0;
      if (line_ == line::data_begin && data_lines_++ != 0)
        take_data("\n");
      return at + 1;
    }
    if (kept_length_ == kept_.size()) {
      line_ = line::ignored;
      return at;
    }
    kept_[kept_length_++] = *at;
  }
  return at;
}

const char* tap::in_data(const char* at, const char* end) {
  const char* stop = find_line_end(at, end);
  take_data({at, static_cast<std::size_t>(stop - at)});
  if (stop == end)
    return end;
  line_ = line::start;
  return stop + 1;
}

void tap::take_data(std::string_view piece) {
  const std::size_t room = data_.size() - data_length_;
  data_length_ += piece.copy(data_.data() + data_length_, room);
  scan_.feed(piece.data(), piece.data() + piece.size());
}

const char* tap::in_event(const char* at, const char* end) {
  const char* stop = find_line_end(at, end);
  const std::string_view piece{at, static_cast<std::size_t>(stop - at)};
  kept_length_ += piece.copy(kept_.data() + kept_length_, kept_.size() - kept_length_);
  if (stop == end)
    return end;
  event_ = event_kind_of(without_cr({kept_.data(), kept_length_}));
  line_ = line::start;
  return stop + 1;
}

void tap::end_event() {
  if (scan_.complete())
    believe();
  else if (without_cr({data_.data(), data_length_}) == done_data)
    facts_.finished |= ends_with_done(format_);
  if (data_lines_ != 0)
    scan_.reset();
  data_length_ = data_lines_ = 0;
  event_ = event_kind::other;
}

void tap::believe() {
  const event_kind said = event_ == event_kind::other ? scan_.kind() : event_;
  if (facts_.model.empty())
    facts_.model = scan_.model();
  facts_.is_error |= scan_.error_object() || said == event_kind::error;
  if (kind_ == kind::plain) {
    facts_.finished = true;
    keep(scan_.has_usage(), scan_.usage());
  } else if (format_ == body_format::responses) {
    const bool last = said == event_kind::response_end;
    facts_.finished |= last;
    keep(last && scan_.has_wrapped_usage(), scan_.wrapped_usage());
  } else if (format_ == body_format::anthropic) {
    believe_message(said);
  } else {
    keep(scan_.has_usage(), scan_.usage());
  }
}

// The input side comes first, the final figures later; those named twice count as named last. The
// first alone is no usage: its output has only begun.
void tap::believe_message(event_kind said) {
  facts_.finished |= said == event_kind::message_stop;
  if (said == event_kind::message_start && scan_.has_wrapped_usage())
    begun_ = scan_.wrapped_usage();
  if (said == event_kind::message_delta && scan_.has_usage()) {
    begun_.update_from(scan_.usage());
    keep(true, begun_);
  }
}

void tap::keep(bool told, const usage_figures& figures) {
  if (const auto usage = told ? figures.judged(format_) : std::nullopt)
    facts_.usage = usage;
}

} // namespace policies::usage
