// One keeper a key.
#include "proxy/server/real_keys.hpp"

#include "proxy/secrets/resolve.hpp"

namespace proxy::server {

outcome<std::unique_ptr<real_keys>> real_keys::fetch(const config::upstream_settings& from,
                                                     keys::epochs& readers) {
  std::unique_ptr<real_keys> made{new real_keys(readers)};
  if (auto done = made->add({from.key, from.key_weight}, from.key_refresh); !done)
    return failure{done.error().code, "upstream.key: " + done.error().message};
  for (const config::weighted_secret& each : from.more_keys)
    if (auto done = made->add(each, from.key_refresh); !done)
      return failure{done.error().code, "upstream.more_keys: " + done.error().message};
  return made;
}

outcome<void> real_keys::add(const config::weighted_secret& source, std::chrono::seconds refresh) {
  auto key = secrets::resolve(source.source, secrets::process_environment());
  if (!key)
    return key.error();
  const std::size_t index = keys_.size();
  keys_.add(*key, source.weight);
  keepers_.push_back(std::make_unique<secrets::key_keeper>(
      refresh, std::move(*key),
      secrets::key_keeper::ways{
          .fetch =
              [from = source.source](const std::stop_token& stop) {
                return secrets::resolve(from, secrets::process_environment(stop));
              },
          .publish = [this, index](std::string next) { keys_.replace(index, std::move(next)); }}));
  return {};
}

void real_keys::start() {
  for (const auto& each : keepers_)
    each->start();
}

std::uint64_t real_keys::failures() const {
  std::uint64_t sum = 0;
  for (const auto& each : keepers_)
    sum += each->failures();
  return sum;
}

} // namespace proxy::server
