// Checks, then one walk over everything for each of counting, writing and comparing.
#include "proxy/stores/copy/copy.hpp"

#include <fmt/format.h>

#include "proxy/stores/copy/visitor.hpp"

namespace proxy::stores::copy {
namespace {

using talk = std::function<void(const std::string&)>;

outcome<void> check_idle(side& which) {
  const auto busy = which.in_use();
  if (!busy)
    return busy.error();
  if (busy->empty())
    return {};
  return failure{errc::conflict, which.name() + " is in use: " + *busy +
                                     ". Stop every proxy on it first; one that was killed counts "
                                     "for some seconds"};
}

outcome<void> check_open(side& from, const copy_options& options) {
  const auto open = from.open_requests();
  if (!open)
    return open.error();
  if (*open == 0 || options.force)
    return {};
  return failure{errc::conflict,
                 fmt::format("{} has {} requests whose end it was not told: a proxy was killed. "
                             "Start it again, so that its journal tells, and stop it; or say "
                             "--force, and they count as spent at their bound",
                             from.name(), *open)};
}

outcome<copy_report> write(side& from, side& to, const talk& say) {
  const auto progress = from.progress();
  if (!progress)
    return progress.error();
  say("copying " + from.name() + " to " + to.name());
  auto done = to.begin();
  if (done)
    done = to.put_progress(*progress);
  if (!done)
    return done.error();
  const auto written = visit(from, writing_to(to), say);
  if (!written)
    return written.error();
  say("comparing");
  const auto found = visit(from, comparing_with(to), say);
  if (!found)
    return found.error();
  if (*found != *written)
    return failure{errc::conflict, from.name() + " has changed meanwhile: was it in use? The copy "
                                                 "is not to be used; repeat with --replace"};
  if (done = to.finish(); !done)
    return done.error();
  return copy_report{copied::written, *found};
}

outcome<bool> has_nothing(side* to) {
  return to ? to->empty() : outcome<bool>{true};
}

} // namespace

outcome<copy_report> copy_store(side& from, side* to, const copy_options& options,
                                const talk& say) {
  auto sound = check_idle(from);
  if (sound && to)
    sound = check_idle(*to);
  if (sound)
    sound = check_open(from, options);
  if (!sound)
    return sound.error();
  const auto bare = has_nothing(to);
  if (!bare)
    return bare.error();
  if (!*bare && !options.replace) {
    const auto same = visit(from, comparing_with(*to), say);
    if (same && (options.dry_run || to->finish()))
      return copy_report{copied::known, *same};
    return failure{errc::conflict, to->name() + " has something else" +
                                       (same ? std::string{} : " (" + same.error().message + ")") +
                                       ": --replace takes away what it has"};
  }
  if (!options.dry_run)
    return write(from, *to, say);
  const auto counted = visit(from, only_counting(), say);
  if (!counted)
    return counted.error();
  return copy_report{copied::counted, *counted};
}

} // namespace proxy::stores::copy
