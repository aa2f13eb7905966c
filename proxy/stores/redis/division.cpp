// The embedded store's way, on limits made smaller.
#include "proxy/stores/redis/division.hpp"

#include "policies/limits/meter.hpp"
#include "proxy/stores/least_left.hpp"
#include "proxy/stores/redis/lease_desk.hpp"

namespace proxy::stores::redis {

namespace limits = policies::limits;

namespace {

std::optional<std::int64_t> part(const std::optional<std::int64_t>& of, std::int64_t nodes) {
  return of ? std::optional{*of / std::max<std::int64_t>(1, nodes)} : std::nullopt;
}

limits::limit_set part(const limits::limit_set& of, std::int64_t nodes) {
  return {.requests_per_minute = part(of.requests_per_minute, nodes),
          .burst_requests = part(of.burst_requests, nodes),
          .tokens_per_minute = part(of.tokens_per_minute, nodes),
          .burst_tokens = part(of.burst_tokens, nodes)};
}

// Guarded by the root's lock. Every member's state is of this absence of Redis.
class parts {
 public:
  parts(keys::key_slot& key, std::int64_t nodes) {
    const keys::key_chain chain{key};
    for (; count_ < chain.length; ++count_) {
      sets_[count_] = part(chain.records[count_]->limits, nodes);
      all_[count_] = {&sets_[count_], &chain.slots[count_]->state};
    }
  }
  std::span<const limits::member> view() const { return {all_.data(), count_}; }

  void begin(policies::instant since, policies::instant now) {
    for (const limits::member& m : view())
      if (m.state->at_ms < since.time_since_epoch().count())
        *m.state = without_burst(*m.limits, now);
  }

 private:
  static limits::limit_state without_burst(const limits::limit_set& set, policies::instant now) {
    limits::limit_state state;
    state.at_ms = now.time_since_epoch().count();
    if (const auto limit = limits::requests_of(set))
      limits::charge(state.requests, limit, limit->capacity);
    if (const auto limit = limits::tokens_of(set))
      limits::charge(state.tokens, limit, limit->capacity);
    return state;
  }

  std::array<limits::limit_set, keys::chain_max> sets_{};
  std::array<limits::member, keys::chain_max> all_{};
  std::size_t count_ = 0;
};

void answer(reserve_op& op, const std::optional<limits::limit_refusal>& refusal,
            const parts& chain) {
  op.result = refusal ? reserve_op::status::refused : reserve_op::status::held;
  if (refusal)
    op.refusal = *refusal;
  op.left = least_left(chain.view(), op.now);
}

} // namespace

bool divisible(keys::key_slot& key) {
  const keys::key_chain chain{key};
  return std::ranges::none_of(chain.view(), [](const policies::keys::key_record* record) {
    return record->limits.limits_money() || record->limits.concurrent_requests;
  });
}

void reserve_divided(reserve_op& op, const share_of_limits& share) {
  const std::lock_guard guard(op.key->root->lock);
  parts chain{*op.key, share.nodes};
  chain.begin(share.since, op.now);
  auto result = limits::reserve(chain.view(), op.ask, op.now);
  if (auto* held = std::get_if<limits::hold>(&result)) {
    op.hold = *held;
    op.hold.lease = op.hold.slot_lease = divided_number;
    return answer(op, std::nullopt, chain);
  }
  answer(op, std::get<limits::limit_refusal>(result), chain);
}

void extend_divided(reserve_op& op, const share_of_limits& share) {
  const std::lock_guard guard(op.key->root->lock);
  const parts chain{*op.key, share.nodes};
  answer(op, limits::extend(chain.view(), op.hold, op.ask, op.now), chain);
}

void settle_divided(keys::key_slot& key, const limits::hold& held, const limits::actuals& used,
                    std::int64_t nodes, policies::instant now) {
  const std::lock_guard guard(key.root->lock);
  limits::settle(parts{key, nodes}.view(), held, used, now);
}

void cancel_divided(keys::key_slot& key, const limits::hold& held, std::int64_t nodes,
                    policies::instant now) {
  const std::lock_guard guard(key.root->lock);
  limits::cancel(parts{key, nodes}.view(), held, now);
}

} // namespace proxy::stores::redis
