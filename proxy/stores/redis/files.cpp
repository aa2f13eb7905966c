// Who uploaded which file: a hash, and a stream of its changes that every proxy follows.
#include <spdlog/spdlog.h>

#include "proxy/stores/redis/names.hpp"
#include "proxy/stores/redis/redis_state.hpp"

namespace proxy::stores {

using policies::key_id;

namespace {

constexpr const char* changes_kept = "100000";

std::optional<key_id> owner_in(std::string_view text) {
  const auto value = redis::unhex(text);
  return value && *value != 0 ? std::optional{key_id{*value}} : std::nullopt;
}

} // namespace

// The stream's place first: a change in between is told once more, which changes nothing.
outcome<store::file_map> redis_store::load_files() {
  auto last = state_->admin->ask("XREVRANGE", redis::file_changes_name, "+", "-", "COUNT", "1");
  if (!last)
    return last.error();
  if (const auto entries = redis::items_of(**last); !entries.empty())
    state_->last_file_change = redis::text_of(*redis::items_of(*entries[0])[0]);
  auto all = state_->admin->ask("HGETALL", redis::files_name);
  if (!all)
    return all.error();
  file_map known;
  const auto items = redis::items_of(**all);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    if (const auto owner = owner_in(redis::text_of(*items[i + 1])))
      known[std::string(redis::text_of(*items[i]))] = *owner;
  return known;
}

bool redis_store::write_file(const std::string& file, std::optional<key_id> owner) {
  redis::batch both;
  if (owner)
    both.add("HSET", redis::files_name, file, redis::hex(owner->value));
  else
    both.add("HDEL", redis::files_name, file);
  both.add("XADD", redis::file_changes_name, "MAXLEN", "~", changes_kept, "*", "file", file,
           "owner", redis::hex(owner ? owner->value : 0));
  const auto done = state_->admin->run(both);
  if (done && !redis::is_error(*done->front()) && !redis::is_error(*done->back()))
    return true;
  spdlog::error("redis: the owner of file {} was not written: {}", file,
                done ? redis::refused_by_redis(*done->back()).message : done.error().message);
  return false;
}

void redis_store::tell_files(file_owners& to) {
  state_->files.store(&to);
}

outcome<void> redis_store::state_block::tell_file_changes() {
  auto changes = watching->ask("XRANGE", redis::file_changes_name, "(" + last_file_change, "+",
                               "COUNT", "1000");
  if (!changes)
    return changes.error();
  for (const redisReply* entry : redis::items_of(**changes)) {
    const auto parts = redis::items_of(*entry);
    const auto fields = redis::items_of(*parts[1]);
    if (fields.size() == 4)
      files.load()->learn(std::string(redis::text_of(*fields[1])),
                          owner_in(redis::text_of(*fields[3])));
    last_file_change = redis::text_of(*parts[0]);
  }
  return {};
}

} // namespace proxy::stores
