// Taking over the lanes that earlier processes left: which files are theirs, where each ends, and
// an outcome for every intent that has none. Whatever it wrote when it was killed, it finds again.
#pragma once

#include <unordered_map>

#include "proxy/journal/catalogue.hpp"
#include "proxy/journal/keeper.hpp"
#include "proxy/journal/survey.hpp"

namespace proxy::journal {

class recovery {
 public:
  recovery(const keeper_settings& settings, catalogue& known, std::int64_t now_ms)
      : settings_(settings), known_(known), now_ms_(now_ms) {}

  // Fills the catalogue with lanes that are closed, or fails with what the operator must do.
  outcome<void> run(std::span<const lane_progress> progress);
  const recovery_report& report() const { return report_; }

 private:
  struct lane_files {
    std::vector<segment_info> segments; // by number
    std::uint64_t applied = 0;
  };
  struct examined {
    std::vector<survey> surveys; // of segments[from], segments[from + 1], ...
    std::size_t from = 0;
    std::uint64_t last_used = 0;
    std::vector<entry> open; // intents without outcome, in order
  };
  outcome<void> list(std::unordered_map<std::uint64_t, lane_files>& lanes);
  outcome<void> take_file(const std::filesystem::path& path,
                          std::unordered_map<std::uint64_t, lane_files>& lanes);
  outcome<void> set_aside(const std::filesystem::path& path, const std::string& why);
  outcome<void> take_lane(std::uint64_t id, lane_files& lane);
  outcome<void> close_lane(std::uint64_t id, lane_files& lane);
  outcome<examined> examine(const lane_files& lane);
  outcome<void> close_open(std::uint64_t id, lane_files& lane, examined& found);
  outcome<void> make_room(std::uint64_t id, lane_files& lane, examined& found, std::uint64_t next);
  outcome<void> seal_all(lane_files& lane, examined& found);
  void note_truncated(const lane_files& lane);

  const keeper_settings& settings_;
  catalogue& known_;
  std::int64_t now_ms_;
  recovery_report report_;
};

} // namespace proxy::journal
