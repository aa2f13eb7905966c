// Commands of a copy.
#include "proxy/stores/copy/redis_side.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "policies/keys/secret.hpp"
#include "proxy/stores/copy/many_commands.hpp"
#include "proxy/stores/copy/redis_scan.hpp"
#include "proxy/stores/key_codec.hpp"
#include "proxy/stores/redis/key_table.hpp"
#include "proxy/stores/redis/ledger_writer.hpp"
#include "proxy/stores/redis/names.hpp"
#include "proxy/stores/redis/usage_wire.hpp"

namespace proxy::stores::copy {
namespace {

using redis::text_of;

static_assert(audit_rows_max == redis::audit_rows_max);

policies::limits::limit_state nothing_held(const policies::limits::limit_state& s) {
  const auto spent = [](const policies::limits::money_window& w) {
    return policies::limits::money_window{w.id, w.spent + w.held, {}};
  };
  policies::limits::limit_state made;
  made.at_ms = s.at_ms;
  made.requests.level = s.requests.level;
  made.tokens.level = s.tokens.level;
  made.month = spent(s.month);
  made.day = spent(s.day);
  made.total = spent(s.total);
  return made;
}

std::int64_t number_in(std::string_view text) {
  return std::strtoll(std::string(text).c_str(), nullptr, 10);
}

std::optional<journal::lane_progress> lane_of(const std::string& lane, const std::string& applied) {
  const auto id = redis::unhex(lane);
  const auto last = static_cast<std::uint64_t>(number_in(applied));
  return id ? std::optional{journal::lane_progress{*id, last}} : std::nullopt;
}

class redis_side final : public side {
 public:
  redis_side(const redis::address& where, SSL_CTX* tls) : nodes_(where, tls), by_(nodes_, slow()) {}

  std::string name() const override {
    const auto map = nodes_.map();
    return "redis " + (map->nodes.empty() ? "?" : to_string(map->nodes.front().at));
  }

  outcome<std::string> in_use() override {
    const auto time = by_.ask("TIME");
    if (!time)
      return time.error();
    const std::int64_t now_ms = number_in(text_of(*redis::items_of(**time)[0])) * 1000;
    const auto there = by_.ask("ZCOUNT", redis::nodes_name,
                               std::to_string(now_ms - redis::node_silence_max.count()), "+inf");
    if (!there)
      return there.error();
    const auto count = (*there)->integer;
    return count == 0 ? std::string{} : fmt::format("{} proxies are there", count);
  }

  outcome<std::size_t> open_requests() override {
    const auto all = keys();
    if (!all)
      return all.error();
    std::size_t open = 0;
    for (const auto& record : *all) {
      if (record.parent)
        continue; // its root has them
      const auto holds = by_.ask("HVALS", redis::holds_name(record.id.value));
      if (!holds)
        return holds.error();
      for (const redisReply* each : redis::items_of(**holds))
        open += !text_of(*each).starts_with('e') && !text_of(*each).starts_with('t');
    }
    return open;
  }

  outcome<bool> empty() override {
    for (const char* name :
         {redis::records_name, redis::audit_name, redis::files_name, redis::last_use_name}) {
      const auto found = by_.ask("EXISTS", name);
      if (!found)
        return found.error();
      if ((*found)->integer != 0)
        return false;
    }
    return true;
  }

  outcome<std::vector<policies::keys::key_record>> keys() override {
    auto all = all_in<policies::keys::key_record>(
        by_, redis::records_name, [](const auto&, const auto& text) { return decode(text); });
    if (all) // as a database sorts them
      std::ranges::sort(*all, {},
                        [](const auto& e) { return static_cast<std::int64_t>(e.id.value); });
    return all;
  }

  outcome<std::vector<audit_row>> audit() override {
    keys::key_directory unused;
    auto rows = redis::key_table{unused}.audit(by_, audit_rows_max);
    if (rows)
      std::ranges::reverse(*rows);
    return rows;
  }

  outcome<file_owners_map> files() override {
    using owned = std::pair<std::string, policies::key_id>;
    const auto all = all_in<owned>(
        by_, redis::files_name, [](const std::string& file, const std::string& owner) {
          const auto value = redis::unhex(owner);
          return value ? std::optional{owned{file, policies::key_id{*value}}} : std::nullopt;
        });
    if (!all)
      return all.error();
    return file_owners_map{all->begin(), all->end()};
  }

  outcome<notes_map> notes() override {
    const auto names = names_everywhere(redis::notes_prefix);
    if (!names)
      return names.error();
    notes_map all;
    for (const std::string& name : *names) {
      auto fields = fields_of(by_, name);
      if (!fields)
        return fields.error();
      all[name.substr(std::string_view(redis::notes_prefix).size())] = std::move(*fields);
    }
    return all;
  }

  outcome<std::vector<usage_row>> sums(std::uint64_t key) override {
    return rows_of<usage_row>(redis::sums_name(key));
  }
  outcome<std::vector<spread_row>> spreads(std::uint64_t key) override {
    return rows_of<spread_row>(redis::spreads_name(key));
  }

  outcome<balance> balance_of(member who) override {
    const auto packed = by_.ask("GET", redis::state_name(who.root.value, who.id.value));
    const auto used = packed ? by_.ask("HGET", redis::last_use_name, redis::hex(who.id.value))
                             : outcome<redis::reply>{packed.error()};
    if (!used)
      return used.error();
    balance is;
    is.last_used_ms = number_in(text_of(**used));
    const std::string_view raw = text_of(**packed);
    const auto state = redis::unpack_state(raw);
    if (!state && !raw.empty())
      return failure{errc::store_unavailable, "the limit state of " +
                                                  policies::keys::to_string(who.id) +
                                                  " in Redis is not one of ours"};
    if (state)
      is.state = nothing_held(*state);
    return is;
  }

  outcome<progress_map> progress() override {
    const auto names = names_everywhere(redis::lanes_prefix);
    if (!names)
      return names.error();
    progress_map all;
    for (const std::string& name : *names) {
      const auto node = redis::unhex(name.substr(std::string_view(redis::lanes_prefix).size()));
      auto lanes = all_in<journal::lane_progress>(by_, name, lane_of);
      if (!lanes)
        return lanes.error();
      if (node)
        all[*node] = std::move(*lanes);
    }
    return all;
  }

  outcome<void> begin() override {
    const auto map = nodes_.map();
    for (const redis::node& each : map->nodes)
      if (auto gone = clear_node(each); !gone)
        return gone;
    return note_schema(redis::schema_copying);
  }

  outcome<void> put_keys(std::span<const policies::keys::key_record> all) override {
    many_commands commands{by_};
    std::int64_t change = 0;
    for (const auto& record : all) {
      const std::string id = policies::keys::to_string(record.id);
      commands.add("HSET", redis::records_name, id, encode(record));
      for (const auto& secret : record.secrets)
        commands.add("HSET", redis::secrets_name, redis::hex_of(secret.hash), id);
      commands.add("ZADD", redis::changes_name, std::to_string(++change), id);
    }
    return commands.end();
  }

  outcome<void> put_audit(std::span<const audit_row> oldest_first) override {
    many_commands commands{by_};
    for (const audit_row& row : oldest_first)
      commands.add("LPUSH", redis::audit_name, redis::encode_audit(row));
    return commands.end();
  }

  outcome<void> put_files(const file_owners_map& all) override {
    many_commands commands{by_};
    for (const auto& [file, owner] : all)
      commands.add("HSET", redis::files_name, file, redis::hex(owner.value));
    return commands.end();
  }

  outcome<void> put_notes(const notes_map& all) override {
    many_commands commands{by_};
    for (const auto& [kind, of_kind] : all)
      for (const auto& [name, text] : of_kind)
        commands.add("HSET", redis::notes_name(kind), name, text);
    return commands.end();
  }

  outcome<void> put_sums(std::uint64_t key, std::span<const usage_row> rows) override {
    many_commands commands{by_};
    for (const usage_row& row : rows) {
      const std::string field = redis::field_of(row.hour, row.feature, row.model);
      commands.add("HSET", redis::sums_name(key), field, redis::pack(row.sums));
      commands.add("ZADD", redis::hours_name(key), std::to_string(row.hour), field);
    }
    return commands.end();
  }

  outcome<void> put_spreads(std::uint64_t key, std::span<const spread_row> rows) override {
    many_commands commands{by_};
    for (const spread_row& row : rows)
      commands.add("HSET", redis::spreads_name(key),
                   redis::field_of(row.hour, row.feature, row.model), row.spread.packed());
    return commands.end();
  }

  outcome<void> put_balance(member whose, const balance& is) override {
    const policies::limits::limit_state& s = is.state;
    constexpr std::int64_t none = 0; // held
    redis::packer packed;
    packed << s.at_ms << s.requests.level << none << s.tokens.level << none << none << none
           << s.month.id << s.month.spent.value << none << s.day.id << s.day.spent.value << none
           << s.total.spent.value << none;
    many_commands commands{by_};
    commands.add("SET", redis::state_name(whose.root.value, whose.id.value), packed.text());
    if (is.last_used_ms > 0)
      commands.add("HSET", redis::last_use_name, redis::hex(whose.id.value),
                   std::to_string(is.last_used_ms));
    return commands.end();
  }

  outcome<void> put_progress(const progress_map& all) override {
    many_commands commands{by_};
    for (const auto& [node, lanes] : all)
      for (const journal::lane_progress& each : lanes)
        commands.add("HSET", redis::lanes_prefix + redis::hex(node), redis::hex(each.lane),
                     std::to_string(each.applied));
    return commands.end();
  }

  outcome<void> finish() override { return note_schema(std::to_string(redis::schema_version)); }

 private:
  static redis::blocking_settings slow() { return {.timeout = std::chrono::seconds{30}}; }

  outcome<void> note_schema(const std::string& what) {
    const auto done = by_.ask("SET", redis::schema_name, what);
    return done ? outcome<void>{} : outcome<void>{done.error()};
  }

  template <class Row>
  outcome<std::vector<Row>> rows_of(const std::string& name) {
    auto all = all_in<Row>(by_, name, [](const std::string& field, const std::string& packed) {
      return redis::row_of<Row>(field, packed);
    });
    if (all)
      std::ranges::sort(*all, redis::comes_before<Row>);
    return all;
  }

  // Every key that begins so, whichever master has it.
  outcome<std::vector<std::string>> names_everywhere(const std::string& prefix) {
    std::vector<std::string> all;
    const auto map = nodes_.map();
    for (const redis::node& each : map->nodes) {
      const auto names = names_like(*alone(each), prefix + "*");
      if (!names)
        return names.error();
      all.insert(all.end(), names->begin(), names->end());
    }
    return all;
  }

  outcome<void> clear_node(const redis::node& which) {
    const auto at = alone(which);
    const auto names = names_like(*at, "ds:*");
    if (!names)
      return names.error();
    many_commands commands{*at};
    for (const std::string& each : *names)
      commands.add("UNLINK", each);
    return commands.end();
  }

  std::unique_ptr<redis::blocking_client> alone(const redis::node& which) {
    redis::address at = nodes_.where();
    at.how = redis::layout::standalone;
    at.host = which.at.host;
    at.port = which.at.port;
    return std::make_unique<redis::blocking_client>(at, nodes_.tls(), slow());
  }

  redis::topology nodes_;
  redis::blocking_client by_;
};

} // namespace

outcome<std::unique_ptr<side>> open_redis(const redis::address& where, SSL_CTX* tls) {
  auto made = std::make_unique<redis_side>(where, tls);
  if (auto there = made->empty(); !there) // whether it can be asked at all
    return there.error();
  return std::unique_ptr<side>{std::move(made)};
}

} // namespace proxy::stores::copy
