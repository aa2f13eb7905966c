// Asking in turn, and telling what has changed.
#include "proxy/stores/redis/topology.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

namespace proxy::stores::redis {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t answer_bytes_max = 4u << 20;

std::string names_of(const node_map& map) {
  std::string all;
  for (const node& each : map.nodes)
    all += (all.empty() ? "" : ", ") + to_string(each.at);
  return all;
}

bool same_places(const node_map& a, const node_map& b) {
  return std::ranges::equal(a.nodes, b.nodes, {}, &node::at, &node::at);
}

} // namespace

topology::topology(address where, SSL_CTX* tls, topology_settings settings)
    : where_(std::move(where)), tls_(tls), settings_(settings),
      map_(std::make_shared<const node_map>()) {
  look();
  thread_ = std::thread([this] { run(); });
}

topology::~topology() {
  {
    const std::lock_guard guard(lock_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::shared_ptr<const node_map> topology::map() const {
  const std::lock_guard guard(lock_);
  return map_;
}

std::string topology::trouble() const {
  const std::lock_guard guard(lock_);
  return trouble_;
}

void topology::doubt() {
  {
    const std::lock_guard guard(lock_);
    doubted_ = true;
  }
  wake_.notify_one();
}

void topology::look_again(time until) {
  std::unique_lock guard(lock_);
  const std::uint64_t wanted = begun_ + 1;
  doubted_ = true;
  wake_.notify_one();
  looked_.wait_until(guard, until, [&] { return ended_ >= wanted || stopping_; });
}

std::chrono::milliseconds topology::pause() const {
  if (map_->nodes.empty() || map_->nodes.front().endpoints.empty())
    return settings_.unknown_every;
  switch (where_.how) {
  case layout::sentinel:
    return settings_.sentinel_every;
  case layout::cluster:
    return settings_.cluster_every;
  default:
    return settings_.name_every;
  }
}

void topology::run() {
  std::unique_lock guard(lock_);
  while (!stopping_) {
    if (wake_.wait_for(guard, pause(), [this] { return stopping_ || doubted_; }) && stopping_)
      break;
    if (std::exchange(doubted_, false))
      ++next_; // who was asked last may be the one that is wrong
    guard.unlock();
    look();
    guard.lock();
    wake_.wait_for(guard, settings_.rest, [this] { return stopping_; });
  }
  looked_.notify_all();
}

void topology::look() {
  {
    const std::lock_guard guard(lock_);
    ++begun_;
  }
  auto found = find();
  if (found)
    publish(std::move(*found));
  const std::lock_guard guard(lock_);
  ended_ = begun_;
  const std::string before = std::exchange(trouble_, found ? "" : found.error().message);
  if (!found && before != trouble_)
    spdlog::error("redis: {}", trouble_);
  looked_.notify_all();
}

void topology::publish(node_map found) {
  std::shared_ptr<const node_map> before = map();
  if (before->version > 0 && found.same_as(*before))
    return;
  if (!same_places(found, *before) && where_.how == layout::sentinel)
    spdlog::info("redis: the master is {}{}", names_of(found),
                 before->nodes.empty() ? "" : ", and no more " + names_of(*before));
  if (!same_places(found, *before) && where_.how == layout::cluster)
    spdlog::info("redis: the cluster's masters are {}", names_of(found));
  found.version = before->version + 1;
  const std::lock_guard guard(lock_);
  map_ = std::make_shared<const node_map>(std::move(found));
  version_.store(map_->version, std::memory_order_release);
}

outcome<node_map> topology::find() {
  if (where_.how == layout::standalone)
    return find_named();
  std::vector<place> whom;
  if (where_.how == layout::cluster)
    for (const node& each : map()->nodes)
      whom.push_back(each.at);
  for (const place& each : where_.places)
    if (std::ranges::find(whom, each) == whom.end())
      whom.push_back(each);
  return ask_in_turn(whom);
}

// The last good addresses stay.
outcome<node_map> topology::find_named() {
  node_map made;
  made.nodes.push_back({{where_.host, where_.port}, look_up({where_.host, where_.port})});
  const auto known = map();
  if (made.nodes[0].endpoints.empty() && !known->nodes.empty())
    made.nodes = known->nodes;
  return made;
}

outcome<node_map> topology::ask_in_turn(const std::vector<place>& whom) {
  std::erase_if(
      asking_, [&](const auto& each) { return std::ranges::find(whom, each.first) == whom.end(); });
  std::string why;
  for (std::size_t i = 0; i < whom.size(); ++i) {
    const place& one = whom[(next_ + i) % whom.size()];
    auto found = ask_one(one);
    if (found) {
      next_ = (next_ + i) % whom.size();
      return found;
    }
    why += (why.empty() ? "" : "; ") + found.error().message;
  }
  return failure{errc::store_unavailable,
                 where_.how == layout::sentinel
                     ? fmt::format("no sentinel tells where \"{}\" is: {}", where_.master, why)
                     : fmt::format("no node tells who is in the cluster: {}", why)};
}

outcome<node_map> topology::ask_one(const place& whom) {
  const bool sentinel = where_.how == layout::sentinel;
  hello who = sentinel ? hello_to_sentinels(where_) : hello_to_nodes(where_);
  who.scripts = false;
  node_connection& at =
      asking_.try_emplace(whom, whom, std::move(who), tls_, answer_bytes_max).first->second;
  std::string question;
  if (sentinel)
    append_command(question, "SENTINEL", "get-master-addr-by-name", where_.master);
  else
    append_command(question, "CLUSTER", "SLOTS");
  const auto answer = at.exchange(question, 1, steady_clock::now() + settings_.ask_timeout);
  if (!answer)
    return answer.error();
  auto found =
      sentinel ? read_master(*answer->front(), where_.master) : read_slots(*answer->front(), whom);
  if (!found)
    return failure{found.error().code, to_string(whom) + ": " + found.error().message};
  return found;
}

} // namespace proxy::stores::redis
