// Where a new key stands: alone, in a group, or under the key that it is cut from. It stays there
// for its life.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <boost/json.hpp>

#include "policies/keys/key_record.hpp"
#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

struct key_place {
  bool is_group = false;
  std::optional<policies::key_id> parent;
  std::vector<std::shared_ptr<const policies::keys::key_record>> above; // the parent first

  std::vector<const policies::keys::key_record*> chain() const;
};

// Takes "parent" and "is_group" out of `fields`. What a delegating key creates stands under itself,
// or under one below it that it names.
answer<key_place> take_place(const admin_context& context, const caller& by,
                             boost::json::object& fields);
// The records above a stored key, its parent first.
key_place place_of(const admin_context& context, const policies::keys::key_record& record);

// Whether `by` may give `record` what it has: a delegating key only less than its own.
std::optional<problem> refuse_widening(const caller& by, const policies::keys::key_record& record,
                                       const key_place& place);

} // namespace proxy::admin
