// Status, expiry, silence, rotation.
#include <chrono>

#include "policies/advice/checks.hpp"
#include "policies/keys/rotation.hpp"

namespace policies::advice {
namespace {

using std::chrono::days;
using std::chrono::floor;

constexpr days expiry_near{7};
constexpr days expiry_in_sight{30};
constexpr days silent{30};
constexpr days secret_old{90};

std::string in_days(milliseconds span) {
  const auto count = floor<days>(span).count();
  return std::to_string(count) + (count == 1 ? " day" : " days");
}

void check_status(const key_facts& facts, findings& out) {
  if (facts.key.status == keys::key_status::active)
    out.push_back({"status", grade::good, "the key is active", ""});
  else
    out.push_back(
        {"status", grade::critical,
         "the key is " + std::string(keys::name_of(facts.key.status)) +
             ": every request is refused",
         facts.key.status == keys::key_status::inactive ? "activate it, or delete it" : ""});
}

void check_expiry(const key_facts& facts, findings& out) {
  if (!facts.key.expires_at) {
    out.push_back({"expiry", grade::good, "it never expires", ""});
    return;
  }
  const milliseconds left = *facts.key.expires_at - facts.now;
  if (left <= milliseconds{0}) {
    out.push_back({"expiry", grade::critical, "it expired " + in_days(-left) + " ago",
                   "set expires_at to a later time, or delete the key"});
    return;
  }
  const grade how = left < expiry_near       ? grade::warning
                    : left < expiry_in_sight ? grade::hint
                                             : grade::good;
  out.push_back({"expiry", how, "it expires in " + in_days(left),
                 how == grade::good ? "" : "move expires_at if it is still needed"});
}

void check_silence(const key_facts& facts, findings& out) {
  const instant since = facts.last_used.value_or(facts.key.created);
  if (facts.now - since < silent)
    return;
  out.push_back({"use", grade::warning,
                 facts.last_used ? "it was last used " + in_days(facts.now - since) + " ago"
                                 : "it has never been used in " + in_days(facts.now - since),
                 "deactivate it: a key that nobody misses can only be abused"});
}

constexpr auto rotate_it = "rotate it: the old secret goes on working for a grace period";

void check_schedule(const key_facts& facts, instant due, findings& out) {
  const bool overdue = due <= facts.now;
  const bool near = due - keys::rotation_reminder <= facts.now;
  out.push_back({"rotation",
                 overdue ? grade::warning
                 : near  ? grade::hint
                         : grade::good,
                 overdue ? "its rotation has been due for " + in_days(facts.now - due)
                         : "its rotation is due in " + in_days(due - facts.now),
                 near ? rotate_it : ""});
}

void check_secret(const key_facts& facts, findings& out) {
  if (facts.key.secrets.empty())
    return;
  if (const auto due = keys::rotation_due(facts.key))
    return check_schedule(facts, *due, out);
  const milliseconds age = facts.now - facts.key.secrets.front().created;
  const bool old = age >= secret_old;
  out.push_back({"rotation", old ? grade::hint : grade::good,
                 "its secret is " + in_days(age) + " old", old ? rotate_it : ""});
}

} // namespace

void check_life(const key_facts& facts, findings& out) {
  check_status(facts, out);
  check_expiry(facts, out);
  check_silence(facts, out);
  check_secret(facts, out);
}

} // namespace policies::advice
