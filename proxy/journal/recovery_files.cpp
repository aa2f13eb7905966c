// Which files in the journal directory are lanes' segments, and what becomes of those that are not.
#include "proxy/journal/recovery.hpp"

#include <unistd.h>

#include <cstring>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace proxy::journal {

outcome<void> recovery::run(std::span<const lane_progress> progress) {
  std::unordered_map<std::uint64_t, lane_files> lanes;
  if (auto done = list(lanes); !done)
    return done;
  for (const lane_progress& one : progress)
    if (const auto at = lanes.find(one.lane); at != lanes.end())
      at->second.applied = one.applied;
  report_.lanes = lanes.size();
  for (auto& [id, lane] : lanes)
    if (auto done = take_lane(id, lane); !done)
      return done;
  if (sync_file(settings_.directory) != 0)
    return failure{errc::data_directory_unusable,
                   fmt::format("cannot sync the journal directory {}: {}",
                               settings_.directory.string(), std::strerror(errno))};
  return {};
}

outcome<void> recovery::list(std::unordered_map<std::uint64_t, lane_files>& lanes) {
  std::error_code error;
  std::vector<std::filesystem::path> paths; // listed first, for files are renamed on the way
  for (std::filesystem::directory_iterator at(settings_.directory, error), end; !error && at != end;
       at.increment(error))
    paths.push_back(at->path());
  if (error)
    return failure{errc::data_directory_unusable,
                   fmt::format("cannot list the journal directory {}: {}",
                               settings_.directory.string(), error.message())};
  for (const std::filesystem::path& path : paths) {
    if (path.string().ends_with(".seg.tmp")) {
      ::unlink(path.c_str()); // a segment whose making was interrupted
    } else if (path.extension() == ".seg") {
      if (auto done = take_file(path, lanes); !done)
        return done;
    }
  }
  return {};
}

outcome<void> recovery::take_file(const std::filesystem::path& path,
                                  std::unordered_map<std::uint64_t, lane_files>& lanes) {
  auto found = inspect(path);
  if (!found)
    return found.error();
  switch (found->state) {
  case soundness::blank:
    ::unlink(path.c_str());
    return {};
  case soundness::damaged:
    return set_aside(path, found->why);
  case soundness::sound:
    break;
  }
  lanes[found->info.lane].segments.push_back(std::move(found->info));
  return {};
}

outcome<void> recovery::set_aside(const std::filesystem::path& path, const std::string& why) {
  std::string to = path.string() + ".bad";
  for (int i = 2; ::access(to.c_str(), F_OK) == 0; ++i)
    to = fmt::format("{}.{}.bad", path.string(), i);
  if (::rename(path.c_str(), to.c_str()) != 0)
    return failure{errc::journal_corrupt,
                   fmt::format("{} is not a journal segment ({}) and cannot be renamed: {}",
                               path.string(), why, std::strerror(errno))};
  spdlog::error("journal: {} is not a usable segment: {}; kept as {}", path.string(), why, to);
  ++report_.truncated_segments;
  return {};
}

} // namespace proxy::journal
