// Records and versions.
#include "proxy/stores/redis/key_table.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "policies/keys/secret.hpp"
#include "proxy/stores/key_codec.hpp"
#include "proxy/stores/redis/names.hpp"
#include "proxy/stores/redis/scripts.hpp"

namespace proxy::stores::redis {

namespace json = boost::json;
using policies::keys::key_record;

namespace {

constexpr std::size_t records_a_call = 1000;
constexpr std::size_t restored_a_call = 100;

std::optional<audit_row> decode_audit(std::string_view text) {
  boost::system::error_code error;
  const json::value read = json::parse(text, error);
  const json::object* from = error ? nullptr : read.if_object();
  if (!from)
    return std::nullopt;
  const auto word = [&](const char* name) {
    const json::value* value = from->if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string{};
  };
  const json::value* time = from->if_contains("time_ms");
  return audit_row{time && time->is_int64() ? time->get_int64() : 0, word("actor"), word("action"),
                   word("subject"), word("detail")};
}

failure refused(std::int64_t code, const redisReply& with) {
  switch (code) {
  case 1:
    return {errc::already_exists, "a key with this id exists"};
  case 2:
    return {errc::not_found, "no such key"};
  case 3:
    return {errc::conflict, "the key was changed by somebody else since it was read"};
  case 4:
    return {errc::not_found, "the parent key does not exist"};
  case 5:
    return {errc::already_exists,
            fmt::format("key {} has this secret already", text_of(*items_of(with)[1]))};
  default:
    return {errc::conflict, "a key's parent cannot be changed"};
  }
}

} // namespace

std::string hex_of(const policies::keys::secret_hash& hash) {
  std::string text;
  for (const std::uint8_t byte : hash)
    text += fmt::format("{:02x}", byte);
  return text;
}

std::string encode_audit(const audit_row& row) {
  return json::serialize(json::object{{"time_ms", row.time_ms},
                                      {"actor", row.actor},
                                      {"action", row.action},
                                      {"subject", row.subject},
                                      {"detail", row.detail}});
}

outcome<void> key_table::write(blocking_client& by, const key_record& record, bool fresh,
                               const audit_row& why) {
  script_call call{script::change_key};
  call.key(records_name).key(secrets_name).key(changes_name).key(audit_name);
  call.argument(policies::keys::to_string(record.id)).argument(stores::encode(record));
  call.argument(fresh ? "0" : std::to_string(record.version));
  call.argument(record.parent ? policies::keys::to_string(*record.parent) : "");
  call.argument(encode_audit(why)).argument(std::to_string(audit_rows_max));
  for (const auto& secret : record.secrets)
    call.argument(hex_of(secret.hash));
  auto answered = by.single(batch{call});
  if (!answered)
    return answered.error();
  const auto items = items_of(**answered);
  const auto code = items.empty() ? std::nullopt : number_of(*items[0]);
  if (!code)
    return failure{errc::store_unavailable, "Redis: an answer is not one of our scripts'"};
  if (*code == 0)
    return {};
  return refused(*code, **answered);
}

outcome<void> key_table::catch_up(blocking_client& by) {
  const std::lock_guard guard(lock_);
  auto changed =
      by.ask("ZRANGEBYSCORE", changes_name, fmt::format("({}", seen_), "+inf", "WITHSCORES");
  if (!changed)
    return changed.error();
  std::vector<std::string> ids;
  std::int64_t last = seen_;
  const auto items = items_of(**changed);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    ids.emplace_back(text_of(*items[i]));
    last = std::max(last, number_of(*items[i + 1]).value_or(0));
  }
  if (!ids.empty())
    if (auto done = fetch(by, ids); !done)
      return done;
  seen_ = last;
  return {};
}

outcome<void> key_table::fetch(blocking_client& by, std::span<const std::string> ids) {
  std::vector<key_record> waiting;
  for (std::size_t at = 0; at < ids.size(); at += records_a_call) {
    std::vector<std::string> words{"HMGET", records_name};
    const auto part = ids.subspan(at, std::min(records_a_call, ids.size() - at));
    words.insert(words.end(), part.begin(), part.end());
    batch one;
    one.add(std::span<const std::string>{words});
    auto records = by.single(one);
    if (!records)
      return records.error();
    for (const redisReply* item : items_of(**records)) {
      auto record = decode(text_of(*item));
      if (!record)
        return failure{errc::database_corrupt,
                       fmt::format("a key record in Redis ({}) cannot be read", records_name)};
      waiting.push_back(std::move(*record));
    }
  }
  // Parents before their children: a change of a parent may be the later one.
  std::size_t before = 0;
  while (!waiting.empty() && waiting.size() != before) {
    before = waiting.size();
    std::erase_if(waiting, [&](key_record& record) {
      if (record.parent && !directory_.by_id(*record.parent))
        return false;
      publish(std::move(record));
      return true;
    });
  }
  for (const key_record& record : waiting)
    spdlog::error("key {} names a parent that does not exist: it is not served",
                  policies::keys::to_string(record.id));
  return {};
}

outcome<std::size_t> key_table::restore(blocking_client& by) {
  std::vector<policies::key_id> ids;
  directory_.for_each([&](keys::key_slot& slot) { ids.push_back(slot.id); });
  std::size_t written = 0;
  for (std::size_t begin = 0; begin < ids.size(); begin += restored_a_call) {
    batch some;
    for (std::size_t i = begin; i < std::min(ids.size(), begin + restored_a_call); ++i) {
      const key_record record = *directory_.copy_of(ids[i]);
      script_call call{script::restore_key};
      call.key(records_name).key(secrets_name).key(changes_name);
      call.argument(policies::keys::to_string(record.id)).argument(stores::encode(record));
      call.argument(std::to_string(record.version));
      for (const auto& secret : record.secrets)
        call.argument(hex_of(secret.hash));
      some.add(call);
    }
    const auto replies = by.run(some);
    if (!replies)
      return replies.error();
    for (const reply& each : *replies) {
      if (is_error(*each))
        return refused_by_redis(*each);
      written += static_cast<std::size_t>(each->integer);
    }
  }
  const std::lock_guard guard(lock_);
  seen_ = 0;
  return written;
}

// A change of our own may be published before it is seen here; an older one never follows it.
void key_table::publish(key_record record) {
  const std::lock_guard guard(publishing_);
  const auto known = directory_.copy_of(record.id);
  if (!known || known->version < record.version)
    directory_.publish(std::move(record));
}

outcome<std::vector<audit_row>> key_table::audit(blocking_client& by, std::size_t count_max) {
  if (count_max == 0)
    return std::vector<audit_row>{};
  auto rows = by.ask("LRANGE", audit_name, "0", std::to_string(count_max - 1));
  if (!rows)
    return rows.error();
  std::vector<audit_row> all;
  for (const redisReply* item : items_of(**rows))
    if (auto row = decode_audit(text_of(*item)))
      all.push_back(std::move(*row));
  return all;
}

} // namespace proxy::stores::redis
