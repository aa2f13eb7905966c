// A log of lines: "+" and a delivery, "-" and the id of one that is through. Rewritten when most of
// it is past.
#include "proxy/alerts/outbox.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include <spdlog/spdlog.h>

namespace proxy::alerts {
namespace {

constexpr std::size_t past_max = 20'000; // ids remembered
constexpr std::size_t slack = 1 << 20;   // bytes of past lines before the file is rewritten

} // namespace

outcome<std::unique_ptr<outbox>> outbox::open(std::filesystem::path file, std::size_t bytes_max) {
  std::unique_ptr<outbox> made{new outbox(std::move(file), bytes_max)};
  if (auto done = made->load(); !done)
    return done.error();
  return made;
}

outbox::~outbox() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

failure outbox::failed(const std::string& doing) const {
  return {errc::data_directory_unusable,
          "alerts: " + file_.string() + " cannot be " + doing + ": " + std::strerror(errno)};
}

void outbox::remember(const std::string& id) {
  past_.push_back(id);
  known_.insert(id);
  if (past_.size() <= past_max)
    return;
  known_.erase(past_.front());
  past_.pop_front();
}

bool outbox::erase(const std::string& id) {
  const auto found =
      std::ranges::find_if(queue_, [&](const queued& each) { return each.what.id == id; });
  if (found == queue_.end())
    return false;
  bytes_ -= found->bytes;
  queue_.erase(found);
  return true;
}

void outbox::read(char mark, const std::string& rest) {
  if (mark == '-') {
    erase(rest);
    if (!known_.contains(rest))
      remember(rest);
    else if (std::ranges::find(past_, rest) == past_.end())
      past_.push_back(rest);
    return;
  }
  auto what = delivery_in(rest);
  if (mark != '+' || !what || !known_.insert(what->id).second)
    return;
  bytes_ += rest.size();
  queue_.push_back({std::move(*what), rest.size()});
}

outcome<void> outbox::load() {
  std::ifstream in(file_, std::ios::binary);
  fresh_ = !in.is_open();
  for (std::string line; std::getline(in, line) && !in.eof();) // without its end, it is unfinished
    if (!line.empty())
      read(line[0], line.substr(1));
  return rewrite();
}

// Beside the old one, then in its place.
outcome<void> outbox::rewrite() {
  std::string all;
  for (const std::string& id : past_)
    all += "-" + id + "\n";
  for (const queued& each : queue_)
    all += "+" + line_of(each.what) + "\n";
  const std::string fresh = file_.string() + ".new";
  const int made = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (made < 0)
    return failed("made");
  const auto wrote = ::write(made, all.data(), all.size());
  if (wrote != static_cast<ssize_t>(all.size()) || ::fdatasync(made) != 0 ||
      ::rename(fresh.c_str(), file_.c_str()) != 0) {
    const failure why = failed("rewritten");
    ::close(made);
    return why;
  }
  const int directory = ::open(file_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
  if (descriptor_ >= 0)
    ::close(descriptor_);
  descriptor_ = made;
  written_ = all.size();
  return {};
}

// Half a line would make the next one unreadable: what was not written whole is taken back.
outcome<void> outbox::append(const std::string& text) {
  const auto wrote = ::write(descriptor_, text.data(), text.size());
  if (wrote != static_cast<ssize_t>(text.size()) || ::fdatasync(descriptor_) != 0) {
    const failure why = failed("written");
    if (::ftruncate(descriptor_, static_cast<off_t>(written_)) != 0)
      spdlog::error("alerts: {} has half a line at its end", file_.string());
    return why;
  }
  written_ += text.size();
  return {};
}

// Lines that take others out, and whether the new one has its place then.
std::string outbox::make_room(const delivery& for_what, std::size_t bytes, bool& fits) {
  std::string lines;
  while (!(fits = bytes_ + bytes <= bytes_max_) && !queue_.empty()) {
    const auto least = std::ranges::min_element(
        queue_, {}, [](const queued& each) { return each.what.how; }); // the oldest of them
    if (least->what.how > for_what.how)
      return lines;
    const std::string id = least->what.id;
    spdlog::warn("alerts: {} is full: '{}' of {} is dropped", file_.filename().string(),
                 least->what.subject,
                 rfc3339(policies::instant{policies::milliseconds{least->what.made_ms}}));
    lines += "-" + id + "\n";
    erase(id);
    remember(id);
    ++dropped_;
  }
  return lines;
}

outcome<void> outbox::add(const delivery& what) {
  const std::lock_guard guard(lock_);
  if (known_.contains(what.id))
    return {};
  const std::string line = line_of(what);
  bool fits = true;
  const std::string out = make_room(what, line.size(), fits);
  if (!fits) {
    spdlog::warn("alerts: {} is full of graver ones: '{}' is dropped", file_.filename().string(),
                 what.subject);
    ++dropped_;
    remember(what.id);
    return append(out + "-" + what.id + "\n");
  }
  known_.insert(what.id);
  bytes_ += line.size();
  queue_.push_back({what, line.size()});
  return append(out + "+" + line + "\n");
}

std::optional<delivery> outbox::next(const std::function<bool(const delivery&)>& may_go) const {
  const std::lock_guard guard(lock_);
  for (const queued& each : queue_)
    if (may_go(each.what))
      return each.what;
  return std::nullopt;
}

outcome<void> outbox::done(const std::string& id) {
  const std::lock_guard guard(lock_);
  if (erase(id)) {
    ++delivered_;
    past_.push_back(id); // known already
    if (past_.size() > past_max) {
      known_.erase(past_.front());
      past_.pop_front();
    }
  }
  auto written = append("-" + id + "\n");
  if (written && written_ > 2 * bytes_ + slack + 48 * past_.size())
    written = rewrite();
  return written;
}

outbox::figures outbox::now() const {
  const std::lock_guard guard(lock_);
  return {queue_.size(), bytes_, delivered_, dropped_};
}

} // namespace proxy::alerts
