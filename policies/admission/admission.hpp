// The fixed order of checks; the only part that composes the others. First the caller (status and
// expiry -> IP -> referrer -> certificate -> permission), then the request (model, image parts,
// what to hold). Limits themselves are the store's to reserve: this says how much to ask for.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "policies/access/client_certificate.hpp"
#include "policies/access/route.hpp"
#include "policies/admission/refusal.hpp"
#include "policies/keys/key_record.hpp"
#include "policies/limits/reserve.hpp"
#include "policies/pricing/price_memo.hpp"
#include "policies/usage/inspect.hpp"

namespace policies::admission {

struct caller_facts {
  access::ip_address address;
  std::string_view referer;
  std::string_view origin;
  // Which of the key's secrets was used; null: none was (the owner looks at a key), no grace period
  // is asked about.
  const keys::secret_hash* presented = nullptr;
  // What the connection's client proved to hold; null: nothing.
  const access::client_certificate* certificate = nullptr;
};

// `chain`: the key, then its parents. Every member must be active and unexpired and allow the
// address, referrer, certificate and permission.
std::optional<refusal> check_caller(std::span<const keys::key_record* const> chain,
                                    const caller_facts& facts, const access::route& route,
                                    instant now);
// The last of these checks alone, for what only the body tells.
std::optional<refusal> check_permission(std::span<const keys::key_record* const> chain,
                                        access::permission needed);

// The upstream's billing instant is unknown by this much on both ends of a request.
inline constexpr milliseconds billing_slack{60'000};

struct model_bounds {
  tokens context{1'048'576};
  tokens output_max{393'216};
  tokens output_min_useful{256};         // a cap below this is not worth admitting
  milliseconds lifetime{30 * 60 * 1000}; // request_lifetime_max
};

// What a generating request asks to hold.
struct plan {
  limits::ask ask;
  tokens prompt_bound; // capped at the context, times nothing
  tokens output_cap;   // the cap to send if all of money_want is granted
  pricing::token_price dearest{};
  bool priced = false;
  std::int64_t multiplicity = 1;
};

// `expected_tokens`: the adaptive estimate for this key and model; ignored where any member of the
// chain is strict. `chain` has at least one member. The cap is lowered where the request could
// never fit a token limit; 400 if not even output_min_useful (or the cap asked for, if less) would
// fit.
std::variant<plan, refusal> plan_request(std::span<const keys::key_record* const> chain,
                                         const access::route& route, usage::body_format format,
                                         const usage::inspection& request,
                                         std::string_view model, // after aliasing
                                         pricing::price_memo& prices, const model_bounds& bounds,
                                         tokens expected_tokens, instant now);

// A request without tokens: one request and one slot, and the price of the call where it is billed
// by the piece. Refused where money is limited and the call has no price.
std::variant<plan, refusal> plan_call(std::span<const keys::key_record* const> chain,
                                      const access::route& route, pricing::price_memo& prices,
                                      const model_bounds& bounds, instant now);

// The output cap that the granted money covers: <= plan.output_cap, and at least what money_min was
// asked for if that much is granted.
tokens cap_for(const plan& planned, nano_usd granted);

// `member`: the one of the chain that `why` points at.
refusal refusal_of(const limits::limit_refusal& why, const keys::key_record& member);

usage::body_format format_of(access::feature what);

} // namespace policies::admission
