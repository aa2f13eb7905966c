// What has to be done so that a proxy's keys are as a file says: decided from the two, without a
// call. Values are judged and compared by the admin plane's own rules, so that an address without
// its /32 or a date in another zone is no change.
#pragma once

#include "proxy/cli/key_file.hpp"

namespace proxy::cli {

enum class apply_step { create, change, deactivate };

struct planned_key {
  apply_step what{};
  std::string name{};
  std::string id{};          // empty: to be created
  std::int64_t version{};    // as it was read: nobody else's change is overwritten
  json::object fields{};     // the body to send
  std::string parent{};      // of one to be created: id, or the name of one created before it
  std::string status{};      // to be set afterwards, or empty
  json::object difference{}; // {"name": {"from", "to"}}; members of rate_limits by themselves
};

struct apply_plan {
  std::vector<planned_key> steps; // in the order in which they can be done
  std::int64_t unchanged = 0;
};

// `keys` as the proxy lists them. With `prune` active keys that the file does not name are
// deactivated, but for those that a key which may delegate has issued: they are its holder's.
apply_plan plan_of(const json::array& keys, const std::vector<wanted_key>& wanted, bool prune,
                   complaints& wrong);

} // namespace proxy::cli
