// Setting by setting, each compared as it would be written.
#include "proxy/config/reload.hpp"

#include "proxy/config/setting.hpp"

namespace proxy::config {

reloaded reload(const settings& running, const settings& fresh) {
  reloaded out{.now = running, .changed = {}, .deferred = {}};
  for (const setting& each : all_settings()) {
    if (each.show(running) == each.show(fresh))
      continue;
    const std::string name = std::string(each.section) + "." + std::string(each.name);
    if (each.live)
      each.copy(out.now, fresh);
    (each.live ? out.changed : out.deferred).push_back(name);
  }
  return out;
}

} // namespace proxy::config
