// To the right node, and again where that was not the one.
#include "proxy/stores/redis/blocking_client.hpp"

#include <algorithm>

#include <poll.h>

#include <fmt/format.h>

namespace proxy::stores::redis {

using std::chrono::steady_clock;

namespace {

constexpr int pause_ms = 20; // before asking again what was not to be had at once
constexpr int rounds_at_once = 4;

} // namespace

blocking_client::blocking_client(topology& nodes, blocking_settings settings)
    : nodes_(nodes), settings_(settings) {}

blocking_client::blocking_client(address to, SSL_CTX* tls, blocking_settings settings)
    : own_(std::make_unique<topology>(std::move(to), tls)), nodes_(*own_), settings_(settings) {}

std::uint64_t blocking_client::connections() const {
  const std::lock_guard guard(lock_);
  std::uint64_t all = closed_;
  for (const auto& [_, each] : connections_)
    all += each.opened();
  return all;
}

node_connection& blocking_client::to(const place& at) {
  const auto [found, fresh] = connections_.try_emplace(at, at, hello_to_nodes(nodes_.where()),
                                                       nodes_.tls(), settings_.reply_bytes_max);
  if (fresh && nodes_.where().how == layout::sentinel)
    found->second.watch([this, at] { return nodes_.version() != seen_ && !nodes_.map()->has(at); });
  return found->second;
}

// A master that is one no more, or a node that has left: nothing may go there by an old way.
void blocking_client::forget_old_nodes() {
  if (nodes_.version() == seen_)
    return;
  const auto map = nodes_.map();
  seen_ = map->version;
  std::erase_if(connections_, [&](const auto& each) {
    const bool gone = !map->has(each.first);
    closed_ += gone ? each.second.opened() : 0;
    return gone;
  });
}

// False: nobody serves one of the slots.
bool blocking_client::place_all(const batch& commands, std::vector<pending>& open) {
  const auto map = nodes_.map();
  for (pending& each : open) {
    if (!each.at.host.empty())
      continue; // told where
    const node* serving = map->serving(commands.slot(each.index));
    if (!serving)
      return false;
    each.at = serving->at;
  }
  return true;
}

outcome<std::vector<reply>> blocking_client::run(const batch& commands) {
  const std::lock_guard guard(lock_);
  const time until = steady_clock::now() + settings_.timeout;
  forget_old_nodes();
  std::vector<reply> replies(commands.size());
  std::vector<pending> open(commands.size());
  for (std::size_t i = 0; i < open.size(); ++i)
    open[i].index = i;
  for (int rounds = 0; !open.empty(); ++rounds) {
    if (rounds > rounds_at_once)
      ::poll(nullptr, 0, pause_ms); // two nodes that name each other
    if (place_all(commands, open)) {
      if (auto done = ask_all(commands, open, replies, until); !done) {
        nodes_.doubt();
        return done.error();
      }
    } else {
      nodes_.look_again(until);
    }
    if (!open.empty() && steady_clock::now() >= until)
      break;
  }
  for (const pending& each : open)
    if (!replies[each.index])
      return failure{errc::store_unavailable,
                     nodes_.trouble().empty()
                         ? fmt::format("Redis: no node serves slot {}", commands.slot(each.index))
                         : nodes_.trouble()};
  return replies;
}

// Asks what is open; leaves what is to be asked again.
outcome<void> blocking_client::ask_all(const batch& commands, std::vector<pending>& open,
                                       std::vector<reply>& replies, time until) {
  std::ranges::stable_sort(open, {}, [](const pending& p) { return std::tie(p.at, p.asking); });
  std::vector<pending> again;
  bool later = false;
  for (std::size_t begin = 0; begin < open.size();) {
    std::size_t end = begin;
    while (end < open.size() && open[end].at == open[begin].at)
      ++end;
    const std::span some{open.data() + begin, end - begin};
    if (auto done = ask_node(commands, some, replies, until); !done)
      return done;
    const auto redone = redirected(some, replies, later);
    again.insert(again.end(), redone.begin(), redone.end());
    begin = end;
  }
  open = std::move(again);
  if (later)
    ::poll(nullptr, 0, pause_ms);
  return {};
}

outcome<void> blocking_client::ask_node(const batch& commands, std::span<const pending> some,
                                        std::vector<reply>& replies, time until) {
  std::string gathered;
  std::size_t extra = 0;
  const bool whole = some.size() == commands.size() && std::ranges::none_of(some, &pending::asking);
  if (!whole)
    for (const pending& each : some) {
      if (each.asking)
        append_command(gathered, "ASKING"), ++extra;
      gathered += commands.bytes_of(each.index);
    }
  const std::string_view bytes = whole ? std::string_view{commands.bytes()} : gathered;
  auto got = to(some.front().at).exchange(bytes, some.size() + extra, until);
  if (!got)
    return got.error();
  std::size_t next = 0;
  for (const pending& each : some) {
    next += each.asking;
    replies[each.index] = std::move((*got)[next++]);
  }
  return {};
}

std::vector<blocking_client::pending> blocking_client::redirected(std::span<const pending> asked,
                                                                  const std::vector<reply>& replies,
                                                                  bool& later) {
  std::vector<pending> again;
  for (const pending& each : asked) {
    const redisReply& said = *replies[each.index];
    const auto way = is_error(said) ? read_redirection(text_of(said)) : std::nullopt;
    if (!way)
      continue;
    pending& next = again.emplace_back(pending{each.index, {}, false});
    if (way->what == redirection::kind::later) {
      later = true;
    } else {
      next.at = way->to.host.empty() ? place{each.at.host, way->to.port} : way->to;
      next.asking = way->what == redirection::kind::ask;
    }
    if (way->what != redirection::kind::ask)
      nodes_.doubt();
  }
  return again;
}

outcome<reply> blocking_client::single(const batch& one) {
  auto replies = run(one);
  if (!replies)
    return replies.error();
  if (is_error(*replies->front())) {
    if (text_of(*replies->front()).starts_with("NOSCRIPT")) {
      const std::lock_guard guard(lock_);
      for (auto& [_, each] : connections_)
        each.close(); // the next connection brings the scripts again
    }
    return refused_by_redis(*replies->front());
  }
  return std::move(replies->front());
}

} // namespace proxy::stores::redis
