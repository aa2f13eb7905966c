// Keys at rest: what may be written, what is refused, what a restart brings back.
#include "tests/contract/client.hpp"

namespace contract {
namespace {

using policies::keys::key_status;
using proxy::errc;

// Every field set to something that is not its default.
key_record full_record() {
  key_record r = key(0xfedcba987654321,
                     {.requests_per_minute = 1,
                      .burst_requests = 2,
                      .tokens_per_minute = 3,
                      .burst_tokens = 4,
                      .monthly = nano_usd{999'999'999'999'999},
                      .daily = nano_usd{6},
                      .total = nano_usd{7},
                      .concurrent_requests = 0},
                     1);
  r.name = "quote \" and \\ and ünïcödé \x01";
  r.description = "line\nbreak";
  r.environment = "Production";
  r.type = policies::keys::key_type::restricted;
  r.status = key_status::inactive;
  r.is_group = true;
  r.permissions = {};
  r.permissions.add(policies::access::permission::fine_tuning);
  r.models = {"deepseek-chat", "deepseek-*"};
  r.daily_budget = nano_usd{8};
  r.token_accounting = policies::keys::accounting::strict;
  for (const char* text : {"203.0.113.0/24", "2001:db8::/32", "192.0.2.7"})
    r.allowed_ips.push_back(*policies::access::parse_network(text).network);
  for (const char* text : {"https://*.example.com/a/*", "localhost:*", "http://[::1]:8080"})
    r.allowed_referrers.push_back(*policies::access::parse_referrer(text).pattern);
  r.expires_at = noon + std::chrono::hours{1};
  r.created = noon - std::chrono::hours{1};
  r.updated = noon;
  r.secrets.push_back(key(77).secrets[0]);
  r.secrets[1].valid_until = noon + milliseconds{1};
  r.metadata_json = R"({"team":"ä","n":[1,2.5,null]})";
  return r;
}

void every_field(ground& on) {
  auto in = on.open(noon);
  make_key(*in, key(1));
  const key_record record = full_record();
  make_key(*in, record);
  CHECK(in->keys().get(record.id) == record);
  in.reset();
  in = on.open(noon);
  CHECK(in->keys().get(record.id) == record);
  const auto* slot = in->directory().find(record.secrets[1].hash);
  REQUIRE(slot != nullptr);
  CHECK(*slot->record.load() == record);
  CHECK(slot->parent == in->directory().by_id(key_id{1}));
}

void versions(ground& on) {
  const auto in = on.open(noon);
  key_record record = key(1);
  make_key(*in, record);
  const auto update = [&](std::uint64_t version, const char* name) {
    record.version = version;
    record.name = name;
    return in->keys().update(record, because("key.update"));
  };
  const auto code = [](const auto& result) { return result.error().code; };
  CHECK(code(update(1, "same")) == errc::conflict);
  CHECK(code(update(3, "skipped")) == errc::conflict);
  CHECK(update(2, "next").has_value());
  CHECK(code(update(2, "again")) == errc::conflict);
  CHECK(in->keys().get(record.id)->name == "next");
  record.id = key_id{5};
  CHECK(code(update(2, "unknown")) == errc::not_found);
  CHECK(in->keys().audit(100).size() == 2); // what was refused left no trace
}

void refused(ground& on) {
  const auto in = on.open(noon);
  make_key(*in, key(1));
  make_key(*in, key(2));
  const auto insert = [&](const key_record& record) {
    const auto done = in->keys().insert(record, because("key.create"));
    REQUIRE_FALSE(done.has_value());
    CHECK_FALSE(done.error().message.empty());
    return done.error().code;
  };
  CHECK(insert(key(1)) == errc::already_exists);
  CHECK(insert(key(3, {}, 9)) == errc::not_found);
  CHECK(insert(key(3, {}, 3)) == errc::not_found); // its own parent
  key_record thief = key(3);
  thief.secrets = key(2).secrets;
  CHECK(insert(thief) == errc::already_exists);
  CHECK(in->keys().list().size() == 2);
  CHECK(in->directory().by_id(key_id{3}) == nullptr);

  key_record moved = key(2, {}, 1);
  moved.version = 2;
  const auto parent = in->keys().update(moved, because("key.update"));
  CHECK(parent.error().code == errc::conflict);
  key_record twin = key(2);
  twin.version = 2;
  twin.secrets = key(1).secrets;
  const auto secret = in->keys().update(twin, because("key.update"));
  CHECK(secret.error().code == errc::already_exists);
  CHECK(in->directory().find(key(1).secrets[0].hash)->id == key_id{1});
  CHECK(in->keys().get(key_id{2}) == key(2));
}

void deleted(ground& on) {
  auto in = on.open(noon);
  key_record record = key(1);
  make_key(*in, record);
  make_key(*in, key(2, {}, 1));
  record.status = key_status::deleted;
  record.version = 2;
  REQUIRE(in->keys().update(record, because("key.delete")).has_value());
  for (int start = 0; start < 2; ++start) {
    CHECK_FALSE(in->keys().get(record.id));
    REQUIRE(in->keys().list().size() == 1);
    CHECK(in->keys().list()[0].id == key_id{2});
    const auto* child = in->directory().by_id(key_id{2});
    REQUIRE(child->parent != nullptr);
    CHECK(child->parent->record.load()->status == key_status::deleted);
    record.version = 3;
    const auto again = in->keys().update(record, because("key.update"));
    CHECK(again.error().code == errc::not_found);
    const auto reused = in->keys().insert(key(1), because("key.create"));
    CHECK(reused.error().code == errc::already_exists);
    in.reset();
    in = on.open(noon);
  }
}

void listed(ground& on) {
  auto in = on.open(noon);
  for (const std::uint64_t n : {3u, 1u, 2u}) {
    key_record record = key(n);
    record.created = noon + milliseconds{10 - static_cast<std::int64_t>(n)};
    make_key(*in, record);
  }
  for (int start = 0; start < 2; ++start) {
    std::vector<std::uint64_t> order;
    for (const key_record& record : in->keys().list())
      order.push_back(record.id.value);
    CHECK(order == std::vector<std::uint64_t>{3, 2, 1}); // by creation
    in.reset();
    in = on.open(noon);
  }
}

void audited(ground& on) {
  auto in = on.open(noon);
  make_key(*in, key(1));
  key_record record = key(1);
  record.version = 2;
  const stores::audit_row why{1234, "key_abc", "key.update", "key_1", R"({"name":["a","b"]})"};
  REQUIRE(in->keys().update(record, why).has_value());
  in.reset();
  in = on.open(noon);
  const auto rows = in->keys().audit(10);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].time_ms == why.time_ms);
  CHECK(rows[0].actor == why.actor);
  CHECK(rows[0].action == why.action);
  CHECK(rows[0].subject == why.subject);
  CHECK(rows[0].detail == why.detail);
  CHECK(rows[1].action == "key.create");
  CHECK(in->keys().audit(1).size() == 1);
}

} // namespace

behaviours key_store_behaviours() {
  return {{"every field of a key comes back after a restart", every_field},
          {"a change needs the version it is based on", versions},
          {"what would break the tree or share a secret is refused and leaves no trace", refused},
          {"a deleted key is not listed, but stays its children's parent", deleted},
          {"keys are listed in order of creation", listed},
          {"changes are written down, newest first", audited}};
}

} // namespace contract
