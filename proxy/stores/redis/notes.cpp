// Notes: a hash for each kind, shared by all proxies. HSETNX makes one of them the first.
#include "proxy/stores/redis/names.hpp"
#include "proxy/stores/redis/redis_state.hpp"

namespace proxy::stores {

bool redis_store::lost_state() const {
  return state_->lacks;
}

store::figures redis_store::condition() const {
  return {.closed = state_->closed, .losses = state_->losses};
}

outcome<store::note_map> redis_store::load_notes(const std::string& kind) {
  const auto all = state_->admin->ask("HGETALL", redis::notes_name(kind));
  if (!all)
    return all.error();
  note_map found;
  const auto items = redis::items_of(**all);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    found.emplace(redis::text_of(*items[i]), redis::text_of(*items[i + 1]));
  return found;
}

outcome<bool> redis_store::write_note(const note& what, note_change how) {
  const std::string name = redis::notes_name(what.kind);
  const auto done = how == note_change::remove ? state_->admin->ask("HDEL", name, what.name)
                    : how == note_change::put
                        ? state_->admin->ask("HSET", name, what.name, what.text)
                        : state_->admin->ask("HSETNX", name, what.name, what.text);
  if (!done)
    return done.error();
  return how != note_change::put_if_absent || (**done).integer == 1;
}

} // namespace proxy::stores
