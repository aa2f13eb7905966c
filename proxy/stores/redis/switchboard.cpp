// Slots to connections.
#include "proxy/stores/redis/switchboard.hpp"

#include <algorithm>

#include "proxy/stores/redis/limit_wire.hpp"

namespace proxy::stores::redis {

switchboard::switchboard(io::reactor& loop, topology& nodes, pipeline::asker& whom,
                         pipeline_settings settings)
    : loop_(loop), nodes_(nodes), whom_(whom), settings_(settings), by_slot_{nullptr} {
  loop_.every_turn([this] {
    whom_.turn_ends();
    for (const auto& each : lines_)
      each->flush();
  });
  loop_.every_tick([this](io::deadline now) { tick(now); });
}

void switchboard::start() {
  started_ = true;
  follow();
  if (lines_.empty()) // there is always one, so that whoever asks is told of the loop's end
    add_line().start();
}

pipeline* switchboard::serving(std::uint64_t root) {
  const std::size_t index = by_slot_.size() == 1 ? 0 : slot_of(hex(root));
  pipeline* const at = by_slot_[index];
  return at && at->ready() ? at : nullptr;
}

void switchboard::tick(io::deadline now) {
  if (started_ && nodes_.version() != seen_)
    follow();
  for (const auto& each : lines_)
    each->tick(now);
}

void switchboard::follow() {
  const auto map = nodes_.map();
  seen_ = map->version;
  for (const auto& each : lines_)
    if (!each->resting() && !map->has(each->at()))
      each->rest();
  std::vector<pipeline*> by_node;
  for (const node& each : map->nodes)
    by_node.push_back(&line_to(each));
  by_slot_.assign(map->owner.empty() ? 1 : map->owner.size(), nullptr);
  if (map->owner.empty() && !by_node.empty())
    by_slot_[0] = by_node[0];
  for (std::size_t slot = 0; slot < map->owner.size(); ++slot)
    if (map->owner[slot] != node_map::nobody)
      by_slot_[slot] = by_node[map->owner[slot]];
}

pipeline* switchboard::known(const place& at) {
  const auto found =
      std::ranges::find_if(lines_, [&](const auto& each) { return each->at() == at; });
  return found == lines_.end() ? nullptr : found->get();
}

pipeline& switchboard::line_to(const node& at) {
  pipeline* line = known(at.at);
  if (!line) {
    const auto idle =
        std::ranges::find_if(lines_, [](const auto& each) { return each->resting(); });
    const bool fresh = idle == lines_.end();
    line = fresh ? &add_line() : idle->get();
    line->aim(at);
    if (fresh)
      line->start();
    return *line;
  }
  line->aim(at);
  return *line;
}

pipeline& switchboard::add_line() {
  return *lines_.emplace_back(std::make_unique<pipeline>(loop_, nodes_, whom_, settings_));
}

std::optional<switchboard::detour> switchboard::way_around(const redisReply& error,
                                                           const pipeline& said_by) {
  const auto told = read_redirection(text_of(error));
  if (!told)
    return std::nullopt;
  detour way{.asking = told->what == redirection::kind::ask};
  if (told->what == redirection::kind::later) {
    way.trouble = !text_of(error).starts_with("TRYAGAIN");
    nodes_.doubt();
    return way;
  }
  const place to = told->to.host.empty() ? place{said_by.at().host, told->to.port} : told->to;
  pipeline* line = known(to);
  if (!line) // a new node; one that is named instead of numbered is looked up elsewhere
    if (auto endpoints = endpoints_of_address(to); !endpoints.empty())
      line = &line_to({to, std::move(endpoints)});
  if (told->what == redirection::kind::moved) {
    nodes_.doubt();
    if (line && by_slot_.size() == slots_count)
      by_slot_[told->slot] = line;
  }
  way.at = line && line->ready() ? line : nullptr;
  return way;
}

void switchboard::ask_first(pipeline& at) {
  append_command(at.out(), "ASKING");
  at.sent(nullptr);
}

} // namespace proxy::stores::redis
