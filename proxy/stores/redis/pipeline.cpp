// A connection's life: connect, greet, serve until it breaks, pause, again.
#include "proxy/stores/redis/pipeline.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <spdlog/spdlog.h>

namespace proxy::stores::redis {

pipeline::pipeline(io::reactor& loop, topology& nodes, asker& whom, pipeline_settings settings)
    : loop_(loop), nodes_(nodes), whom_(whom), settings_(settings),
      hello_(hello_to_nodes(nodes.where())), jitter_(std::random_device{}()) {}

void pipeline::aim(const node& at) {
  const bool elsewhere = at.at != target_.at;
  target_ = at;
  ++aimed_;
  aimed_by_ = nodes_.version();
  if (!elsewhere)
    return;
  failures_ = 0;
  cut();
}

void pipeline::rest() {
  aim({});
}

void pipeline::start() {
  io::start(live(),
            [](std::exception_ptr) { spdlog::critical("redis: a connection's coroutine failed"); });
}

io::task<void> pipeline::live() {
  while (!loop_.stopping()) {
    auto opening = open();
    if (co_await std::move(opening)) {
      if (std::exchange(failures_, 0) > 0)
        spdlog::info("redis: connected again to {}", to_string(target_.at));
      ready_ = true;
      stands = {};
      whom_.connected(*this, redis_now_ms_);
      auto serving = serve();
      co_await std::move(serving);
    }
    ready_ = false;
    drop_stream();
    lose_all();
    if (loop_.stopping())
      break;
    auto pausing = pause();
    co_await std::move(pausing);
  }
  whom_.ended();
}

// Until it is time to try again, or there is somewhere else to try.
io::task<void> pipeline::pause() {
  const std::uint64_t before = aimed_;
  if (!resting()) {
    nodes_.doubt();
    if (failures_++ == 0)
      spdlog::error("redis: no connection to {}; limits cannot be checked", to_string(target_.at));
  }
  const io::deadline until = loop_.in(pause_length());
  while (loop_.now() < until && aimed_ == before && !loop_.stopping())
    co_await loop_.sleep(std::min(until, loop_.now() + io::tick_ms));
}

// Half of it is chance: proxies that lost one Redis do not come back in step.
std::chrono::milliseconds pipeline::pause_length() {
  const auto longest = std::min<std::int64_t>(settings_.pause_max.count(),
                                              std::int64_t{50} << std::min(failures_, 10));
  return std::chrono::milliseconds{
      std::uniform_int_distribution<std::int64_t>{longest / 2, longest}(jitter_)};
}

// What it is aimed at may change meanwhile: then what was made is of no use.
io::task<bool> pipeline::open() {
  broken_ = false;
  out_.clear();
  reader_ = std::make_unique<reply_reader>(settings_.reply_bytes_max);
  const place wanted = target_.at;
  const std::vector<upstream::endpoint> candidates = target_.endpoints;
  const upstream::connect_settings how{
      .host = wanted.host, .tls = nodes_.tls(), .timeout = settings_.connect_timeout};
  for (const upstream::endpoint& each : candidates) {
    auto connecting = upstream::connect_to(loop_, each, how);
    outcome<io::stream*> made = co_await std::move(connecting);
    if (!made)
      continue;
    stream_ = *made;
    auto greeting = greet();
    co_return co_await std::move(greeting) && wanted == target_.at;
  }
  co_return false;
}

io::task<bool> pipeline::greet() {
  const io::deadline until = loop_.in(settings_.connect_timeout);
  std::string words;
  std::size_t missing = append_greeting(words, hello_);
  std::array<iovec, 1> piece{{{words.data(), words.size()}}};
  const io::io_result sent = co_await stream_->write(piece, until);
  std::array<char, 4096> room;
  bool sound = sent.what == io::status::ok;
  while (sound && missing > 0) {
    const io::io_result got = co_await stream_->read(room, until);
    sound = got.what == io::status::ok && reader_->feed(room.data(), got.bytes);
    for (reply one; sound && missing > 0 && (one = reader_->next()); --missing)
      sound = take_greeting(*one);
  }
  co_return sound;
}

bool pipeline::take_greeting(const redisReply& one) {
  if (const auto fault = fault_in_greeting(one)) {
    if (failures_ == 0)
      spdlog::error("redis: {}: {}", to_string(target_.at), fault->message);
    return false;
  }
  redis_now_ms_ = time_in_greeting(one).value_or(redis_now_ms_);
  replid_ = replid_in_greeting(one).value_or(std::move(replid_));
  return true;
}

io::task<void> pipeline::serve() {
  std::array<char, 16 * 1024> room;
  while (!broken_) {
    const io::io_result got = co_await stream_->read(room, io::no_deadline);
    if (got.what != io::status::ok || !reader_->feed(room.data(), got.bytes) || !take_replies())
      co_return;
  }
}

// A master that was replaced is not believed any more: what it answers, the next one does not know.
bool pipeline::replaced() {
  const std::uint64_t version = nodes_.version();
  if (version == aimed_by_)
    return false;
  aimed_by_ = version;
  return !nodes_.map()->has(target_.at);
}

bool pipeline::take_replies() {
  if (replaced())
    return false;
  while (!broken_) {
    const reply one = reader_->next();
    if (!one)
      return !reader_->broken();
    if (in_flight_.empty())
      return false; // it answers what nobody asked
    void* what = in_flight_.front().what;
    in_flight_.pop_front();
    if (what)
      whom_.answered(*this, what, *one);
  }
  return false;
}

void pipeline::drop_stream() {
  broken_ = true;
  if (!stream_)
    return;
  stream_->on_stop(); // a writer may still wait on it
  std::exchange(stream_, nullptr)->close();
}

void pipeline::lose_all() {
  for (const waiting& each : std::exchange(in_flight_, {}))
    if (each.what)
      whom_.lost(each.what);
}

void pipeline::flush() {
  if (ready_ && !writing_ && !out_.empty())
    io::start(write_out(),
              [](std::exception_ptr) { spdlog::critical("redis: writing failed unexpectedly"); });
}

io::task<void> pipeline::write_out() {
  writing_ = true;
  while (ready_ && !broken_ && !out_.empty()) {
    sending_.clear();
    sending_.swap(out_);
    std::array<iovec, 1> piece{{{sending_.data(), sending_.size()}}};
    const io::deadline until = loop_.in(settings_.reply_timeout);
    const io::io_result sent = co_await stream_->write(piece, until);
    if (sent.what != io::status::ok) {
      if (sent.what != io::status::stopped)
        cut();
      break;
    }
  }
  writing_ = false;
}

void pipeline::tick(io::deadline now) {
  if (ready_ && !in_flight_.empty() &&
      in_flight_.front().since + settings_.reply_timeout.count() <= now)
    cut();
}

void pipeline::cut() {
  if (std::exchange(broken_, true) || !stream_)
    return;
  stream_->on_stop(); // whoever reads or writes on it gives up
}

} // namespace proxy::stores::redis
