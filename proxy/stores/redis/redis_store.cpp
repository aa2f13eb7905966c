// The operations of data threads, each on its own connection, and the end of it all.
#include "proxy/stores/redis/redis_store.hpp"

#include "proxy/stores/redis/restorer.hpp"

namespace proxy::stores {

using policies::key_id;

namespace {

// The calling thread's line, and whose it is: a process may have more than one store in tests.
struct my_line {
  const redis_store* of = nullptr;
  redis::limit_line* line = nullptr;
};
thread_local my_line mine;

bool unavailable(reserve_op& op) {
  op.result = reserve_op::status::unavailable;
  return true;
}

} // namespace

redis_store::state_block::state_block(redis_settings s, keys::key_directory& d)
    : settings(std::move(s)), directory(d) {}
redis_store::state_block::~state_block() = default;

redis_store::redis_store() = default;

redis_store::~redis_store() {
  if (!state_)
    return;
  {
    const std::lock_guard guard(state_->upkeep_lock);
    state_->stopping = true;
  }
  state_->upkeep_wake.notify_all();
  if (state_->upkeep.joinable())
    state_->upkeep.join();
  state_->bring_all_leases_home();
  state_->leave();
}

journal::keeper& redis_store::journal() {
  return *state_->keeper;
}
const journal::recovery_report& redis_store::recovered() const {
  return state_->recovered;
}
void redis_store::start() {
  state_->keeper->start(*state_->ledger);
  state_->be_counted();
  state_->upkeep = std::thread([this] { state_->look_after(); });
}

void redis_store::join(io::reactor& loop) {
  redis::limit_line_settings settings;
  settings.node = state_->node;
  settings.caller_clock = state_->settings.caller_clock;
  settings.replicated = state_->settings.replicated;
  settings.processes = &state_->processes;
  if (state_->settings.divides)
    settings.nodes = &state_->presence.dividing;
  if (state_->settings.leased) {
    ++state_->lending.threads;
    settings.leases = &state_->lending;
  }
  auto line = std::make_unique<redis::limit_line>(loop, *state_->nodes, settings);
  mine = {this, line.get()};
  line->start();
  const std::lock_guard guard(state_->lines_lock);
  state_->lines.push_back(std::move(line));
}

bool redis_store::reserve(reserve_op& op) {
  if (mine.of != this)
    return unavailable(op);
  return mine.line->reserve(op);
}

bool redis_store::extend(reserve_op& op) {
  if (mine.of != this)
    return unavailable(op);
  return mine.line->extend(op);
}

void redis_store::settle(keys::key_slot& key, const policies::request_id& id,
                         const policies::limits::hold& held, const policies::limits::actuals& used,
                         policies::instant now) {
  if (mine.of == this)
    mine.line->settle(key, id, held, used, now);
}

void redis_store::cancel(keys::key_slot& key, const policies::request_id& id,
                         const policies::limits::hold& held, policies::instant now) {
  if (mine.of == this)
    mine.line->cancel(key, id, held, now);
}

void redis_store::bring_leases_home() {
  if (mine.of == this)
    mine.line->bring_leases_home();
}

// The loops have ended. What cannot be told now is found at the next start, or expires.
void redis_store::state_block::bring_all_leases_home() {
  redis::batch steps;
  for (const auto& line : lines)
    line->write_last_steps(steps);
  if (steps.size() > 0)
    admin->run(steps);
}

std::size_t redis_store::open_operations() const {
  return mine.of == this ? mine.line->open_operations() : 0;
}

} // namespace proxy::stores
