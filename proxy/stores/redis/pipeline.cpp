// A connection's life: connect, greet, serve until it breaks, pause, again.
#include "proxy/stores/redis/pipeline.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/stores/redis/blocking_client.hpp"

namespace proxy::stores::redis {

pipeline::pipeline(io::reactor& loop, const upstream::resolver& names, address to, SSL_CTX* tls,
                   asker& whom, pipeline_settings settings)
    : loop_(loop), to_(std::move(to)), whom_(whom), settings_(settings),
      connector_(loop, names,
                 {.host = to_.host,
                  .tls = tls,
                  .connect_timeout = settings.connect_timeout,
                  .idle_max = 0}),
      jitter_(std::random_device{}()) {
  loop_.every_turn([this] { flush(); });
  loop_.every_tick([this](io::deadline now) { tick(now); });
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
        spdlog::info("redis: connected again to {}:{}", to_.host, to_.port);
      ready_ = true;
      whom_.connected(redis_now_ms_);
      auto serving = serve();
      co_await std::move(serving);
    }
    ready_ = false;
    drop_stream();
    lose_all();
    if (loop_.stopping())
      break;
    if (failures_++ == 0)
      spdlog::error("redis: no connection to {}:{}; limits cannot be checked", to_.host, to_.port);
    const io::deadline until = loop_.in(pause());
    co_await loop_.sleep(until);
  }
  whom_.ended();
}

// Half of it is chance: proxies that lost one Redis do not come back in step.
std::chrono::milliseconds pipeline::pause() {
  const auto longest = std::min<std::int64_t>(settings_.pause_max.count(),
                                              std::int64_t{50} << std::min(failures_, 10));
  return std::chrono::milliseconds{
      std::uniform_int_distribution<std::int64_t>{longest / 2, longest}(jitter_)};
}

io::task<bool> pipeline::open() {
  broken_ = false;
  out_.clear();
  reader_ = std::make_unique<reply_reader>(settings_.reply_bytes_max);
  auto connecting = connector_.connect();
  outcome<io::stream*> made = co_await std::move(connecting);
  if (!made)
    co_return false;
  stream_ = *made;
  auto greeting = greet();
  co_return co_await std::move(greeting);
}

io::task<bool> pipeline::greet() {
  const io::deadline until = loop_.in(settings_.connect_timeout);
  std::string hello;
  std::size_t missing = append_greeting(hello, to_);
  std::array<iovec, 1> piece{{{hello.data(), hello.size()}}};
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
  if (is_error(one)) {
    if (failures_ == 0)
      spdlog::error("redis: {}", refused_by_redis(one).message);
    return false;
  }
  if (const auto time = items_of(one); time.size() == 2)
    redis_now_ms_ = number_of(*time[0]).value_or(0) * 1000 + number_of(*time[1]).value_or(0) / 1000;
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

bool pipeline::take_replies() {
  while (!broken_) {
    const reply one = reader_->next();
    if (!one)
      return !reader_->broken();
    if (in_flight_.empty())
      return false; // it answers what nobody asked
    void* what = in_flight_.front().what;
    in_flight_.pop_front();
    whom_.answered(what, *one);
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
