// Looking, and telling each listener what is new to it.
#include "proxy/admin/event_feed.hpp"

#include <charconv>
#include <map>
#include <ranges>

#include "proxy/admin/json_text.hpp"

namespace proxy::admin {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds interval{1000};
constexpr std::chrono::seconds silence_max{10}; // then a comment tells a dead peer from a quiet day
// Then it ends and the browser comes back: whoever was signed out meanwhile is refused.
constexpr std::chrono::minutes life{5};
constexpr std::int64_t window_ms = 120'000; // what is looked at each time

std::int64_t number_or(std::string_view text, std::int64_t otherwise) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size()
             ? number
             : otherwise;
}

} // namespace

// What was told last of each event that goes on.
class event_feed::listener final : public pieces {
 public:
  // What happened until `after_ms` is not told.
  listener(event_feed& from, const admin_context& context, std::int64_t after_ms)
      : from_(from), context_(context), after_ms_(after_ms) {
    ++from_.listeners_;
  }
  ~listener() override { --from_.listeners_; }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  std::chrono::milliseconds pause() const override { return interval; }

  std::optional<std::string> next() override {
    const auto now = steady_clock::now();
    if (now - began_ > life)
      return std::nullopt;
    std::string text = std::exchange(greeting_, {});
    for (const listed_event& each : from_.lately(context_) | std::views::reverse)
      if (each.ms > after_ms_ && is_new(each))
        text += fmt::format("id: {}\nevent: event\ndata: {}\n\n", each.ms, text_of(each.view));
    if (text.empty() && now - spoke_ > silence_max)
      text = ": nothing new\n\n";
    if (!text.empty())
      spoke_ = now;
    return text;
  }

 private:
  bool is_new(const listed_event& one) {
    const auto [told, added] = told_.emplace(one.name, one.ms);
    if (!added && told->second >= one.ms)
      return false;
    told->second = one.ms;
    std::erase_if(told_, [&](const auto& each) { return each.second < one.ms - 2 * window_ms; });
    return true;
  }

  event_feed& from_;
  const admin_context& context_;
  const std::int64_t after_ms_;
  std::map<std::string, std::int64_t> told_;
  std::string greeting_ = "retry: 2000\n\n";
  steady_clock::time_point began_ = steady_clock::now();
  steady_clock::time_point spoke_ = began_;
};

answer<reply> event_feed::listen(const admin_context& context, std::string_view last_event_id) {
  if (listeners_ >= listeners_max)
    return problem{.status = 503,
                   .message = fmt::format("{} listen to events already", listeners_max),
                   .code = "too_many_listeners",
                   .retry_after = std::chrono::seconds{5}};
  const std::int64_t now_ms = context.now().time_since_epoch().count();
  reply out;
  out.type = "text/event-stream";
  out.parts = std::make_unique<listener>(*this, context, number_or(last_event_id, now_ms));
  return out;
}

// Where even two minutes take long to read, no more of the thread's time than a twentieth, but not
// for ever: what was slow once was perhaps a busy machine.
const std::vector<listed_event>& event_feed::lately(const admin_context& context) {
  constexpr int busy_share_inverse = 20;
  constexpr std::size_t events_max = 1000;
  const auto now = steady_clock::now();
  if (now < next_look_)
    return found_;
  const policies::instant at = context.now();
  found_ = list_events(context, std::nullopt,
                       {at.time_since_epoch().count() - window_ms, events_max}, at);
  const auto took = steady_clock::now() - now;
  next_look_ = now + std::clamp<steady_clock::duration>(took * busy_share_inverse,
                                                        interval * 9 / 10, std::chrono::seconds{5});
  return found_;
}

} // namespace proxy::admin
