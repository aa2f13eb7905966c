// A cursor a lane, and a heap of cursors. Times below are negated for newest-first, so that both
// directions are one: always the smallest key next.
#include "proxy/journal/scan.hpp"

#include <algorithm>
#include <limits>

namespace proxy::journal {
namespace {

constexpr std::size_t slots_a_read = 512;
constexpr std::int64_t at_once = std::numeric_limits<std::int64_t>::min();

class cursor {
 public:
  cursor(std::vector<segment_info> segments, std::uint64_t published, keeper::scan_range range)
      : segments_(std::move(segments)), published_(published), range_(range) {
    std::erase_if(segments_, [&](const segment_info& info) {
      return info.first > published_ ||
             (info.sealed && (info.sealed->newest_ms < range_.from_ms ||
                              info.sealed->oldest_ms >= range_.until_ms));
    });
    if (!range_.newest_first)
      std::reverse(segments_.begin(), segments_.end()); // taken from the back
    expect_next_segment();
  }

  bool done() const { return done_; }
  std::int64_t key() const { return key_; }
  // None yet where the key was a bound only: it has been moved to the first row now.
  const entry* row() const { return has_row_ ? &buffer_[at_] : nullptr; }

  void advance() {
    if (has_row_)
      ++at_;
    has_row_ = false;
    for (;;) {
      for (; at_ < buffer_.size(); ++at_)
        if (wanted(buffer_[at_])) {
          has_row_ = true;
          key_ = range_.newest_first ? -buffer_[at_].time_ms : buffer_[at_].time_ms;
          return;
        }
      if (left_ == 0 && !open_next_segment()) {
        done_ = true;
        return;
      }
      read_more();
    }
  }

 private:
  bool wanted(const entry& e) const {
    return e.time_ms >= range_.from_ms && e.time_ms < range_.until_ms &&
           e.sequence >= info_.first && e.sequence <= published_ && is_sound(e, e.sequence);
  }

  void expect_next_segment() {
    done_ = segments_.empty();
    if (done_)
      return;
    const auto& sealed = segments_.back().sealed;
    key_ = !sealed ? at_once : range_.newest_first ? -sealed->newest_ms : sealed->oldest_ms;
  }

  bool open_next_segment() {
    if (segments_.empty())
      return false;
    info_ = std::move(segments_.back());
    segments_.pop_back();
    left_ = std::min<std::uint64_t>(info_.slots(), published_ + 1 - info_.first);
    next_ = 0;
    return true;
  }

  // A segment that retention deleted meanwhile has no rows.
  void read_more() {
    const std::size_t count = std::min(left_, slots_a_read);
    buffer_.resize(count);
    at_ = 0;
    const std::size_t from = range_.newest_first ? left_ - count : next_;
    const auto got = read_slots(info_, from, buffer_);
    buffer_.resize(got ? *got : 0);
    left_ = got ? left_ - count : 0;
    next_ += count;
    if (range_.newest_first)
      std::reverse(buffer_.begin(), buffer_.end());
  }

  std::vector<segment_info> segments_; // those to come
  std::uint64_t published_;
  keeper::scan_range range_;
  segment_info info_; // the one being read
  std::vector<entry> buffer_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  std::size_t left_ = 0;
  std::int64_t key_ = at_once;
  bool has_row_ = false;
  bool done_ = false;
};

} // namespace

void scan_lanes(const catalogue& known, keeper::scan_range range,
                const std::function<bool(const entry&)>& visit) {
  std::vector<cursor> heap;
  for (const log_pointer& log : known.logs()) {
    const std::uint64_t published = log->published(); // before the list: it covers them all
    cursor one(known.segments_of(*log), published, range);
    if (!one.done())
      heap.push_back(std::move(one));
  }
  const auto later = [](const cursor& a, const cursor& b) { return a.key() > b.key(); };
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    cursor& first = heap.back();
    if (first.row() != nullptr && !visit(*first.row()))
      return;
    first.advance();
    if (first.done())
      heap.pop_back();
    else
      std::push_heap(heap.begin(), heap.end(), later);
  }
}

} // namespace proxy::journal
