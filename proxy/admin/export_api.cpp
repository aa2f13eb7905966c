// What leaves for other programs, in bounded memory however much it is: the ledger's rows and the
// hourly sums, as JSON or comma-separated values.
#include <algorithm>

#include "policies/access/route.hpp"
#include "policies/keys/secret.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/periods.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using journal::entry;
using journal::entry_kind;

constexpr std::int64_t time_max_ms = 253'402'300'799'999; // the end of the year 9999

std::string key_text(const entry& e) {
  return policies::keys::to_string(policies::key_id{e.key});
}
std::string_view feature_name(std::uint8_t number) {
  return policies::access::name_of(static_cast<policies::access::feature>(number));
}
std::string request_text(const entry& e) {
  return policies::keys::to_string(policies::request_id{e.request});
}

// Names of models are what clients sent: none may run as a formula in somebody's spreadsheet.
std::string cell(const json::value& value) {
  const json::string* text = value.if_string();
  if (!text)
    return json::serialize(value);
  std::string out;
  if (!text->empty() && std::string_view("=+-@\t\r").find((*text)[0]) != std::string_view::npos)
    out += '\'';
  out += std::string_view{*text};
  if (out.find_first_of(",\"\r\n") == std::string::npos)
    return out;
  std::string quoted = "\"";
  for (const char c : out)
    quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

// One object a line, or its values under a first line of names (RFC 4180).
class lines {
 public:
  explicit lines(bool csv) : csv_(csv) {}
  static answer<lines> asked_for(const query& from) {
    const std::string_view name = from.get("format").value_or("json");
    if (name != "json" && name != "csv")
      return problem{.message = "format: '" + shown(name) + "' is neither json nor csv",
                     .param = "format"};
    return lines{name == "csv"};
  }
  std::string type() const { return csv_ ? "text/csv" : "application/x-ndjson"; }
  std::string line(const json::object& row) const {
    if (!csv_)
      return text_of(row) + "\n";
    std::string out;
    for (const auto& [name, value] : row)
      out += (out.empty() ? "" : ",") + cell(value);
    return out + "\r\n";
  }
  std::string names_once(const json::object& row) {
    if (!csv_ || std::exchange(named_, true))
      return {};
    std::string out;
    for (const auto& [name, value] : row)
      out += (out.empty() ? "" : ",") + std::string(name);
    return out + "\r\n";
  }

 private:
  bool csv_;
  bool named_ = false;
};

json::object row_view(const entry& e) {
  return {{"request_id", request_text(e)},
          {"key_id", key_text(e)},
          {"started_ms", e.started_ms},
          {"ended_ms", e.time_ms},
          {"model", journal::model_of(e)},
          {"feature", feature_name(e.feature)},
          {"status", e.status},
          {"ending", journal::name_of(e.end)},
          {"dispatched", was_dispatched(e.end)},
          {"stream", e.stream != 0},
          {"hold_nano_usd", e.hold_nano},
          {"cost_nano_usd", e.cost_nano},
          {"charged_tokens", e.charged_tokens},
          {"cached_tokens", e.cached_tokens},
          {"prompt_tokens", e.prompt_tokens},
          {"output_tokens", e.output_tokens},
          {"reasoning_tokens", e.reasoning_tokens},
          {"first_byte_ms", e.first_byte_ms},
          {"total_ms", e.total_ms},
          {"overhead_us", e.overhead_us}};
}

// Reads page after page. A page ends where a millisecond does, so that the next one can begin at
// the following without losing or repeating a row; however few rows match, a page visits only so
// many before others get their turn.
class ledger_pages final : public pieces {
 public:
  struct range {
    std::int64_t from_ms = 0;
    std::int64_t until_ms = 0;
    std::optional<policies::key_id> key;
  };
  ledger_pages(const stores::key_store& store, range what, lines as)
      : store_(store), range_(what), as_(as) {}

  std::optional<std::string> next() override {
    std::string text = as_.names_once(row_view({}));
    while (text.empty() && range_.from_ms < range_.until_ms)
      text = page();
    return text.empty() ? std::nullopt : std::optional{std::move(text)};
  }

 private:
  static constexpr std::size_t visited_max = 16384; // some 8 MB of text

  std::string page() {
    std::string text;
    std::size_t visited = 0;
    std::int64_t last_ms = range_.until_ms;
    std::int64_t next_from = range_.until_ms;
    store_.rows(range_.from_ms, range_.until_ms, [&](const entry& e) {
      if (++visited > visited_max && e.time_ms > last_ms) {
        next_from = e.time_ms;
        return false;
      }
      last_ms = e.time_ms;
      if (e.kind == entry_kind::outcome && (!range_.key || range_.key->value == e.key))
        text += as_.line(row_view(e));
      return true;
    });
    range_.from_ms = next_from;
    return text;
  }

  const stores::key_store& store_;
  range range_;
  lines as_;
};

json::object sums_view(policies::key_id key, const stores::usage_row& row) {
  json::object out{{"key_id", policies::keys::to_string(key)},
                   {"hour", rfc3339(policies::instant{std::chrono::hours{row.hour}})},
                   {"model", row.model},
                   {"feature", feature_name(row.feature)}};
  for (std::size_t i = 0; i < stores::usage_sums::count; ++i)
    out[stores::usage_sums::names[i]] = row.sums.*stores::usage_sums::fields[i];
  return out;
}

// Key after key, a week of each at a time.
class usage_pages final : public pieces {
 public:
  usage_pages(const stores::key_store& store, std::vector<policies::key_id> keys,
              stores::usage_range range, lines as)
      : store_(store), keys_(std::move(keys)), range_(range), at_hour_(range.from_hour), as_(as) {}

  std::optional<std::string> next() override {
    std::string text = as_.names_once(sums_view({}, {}));
    while (text.empty() && at_key_ < keys_.size())
      text = page();
    return text.empty() ? std::nullopt : std::optional{std::move(text)};
  }

 private:
  static constexpr std::int64_t hours_a_page = 7 * 24;

  std::string page() {
    std::string text;
    const std::int64_t end = std::min(at_hour_ + hours_a_page, range_.until_hour);
    for (const stores::usage_row& row : store_.usage(keys_[at_key_], {at_hour_, end}))
      text += as_.line(sums_view(keys_[at_key_], row));
    at_hour_ = end;
    if (at_hour_ >= range_.until_hour) {
      at_hour_ = range_.from_hour;
      ++at_key_;
    }
    return text;
  }

  const stores::key_store& store_;
  std::vector<policies::key_id> keys_;
  stores::usage_range range_;
  std::size_t at_key_ = 0;
  std::int64_t at_hour_;
  lines as_;
};

answer<std::optional<policies::key_id>> key_in(const admin_context& context, const query& from) {
  const auto text = from.get("key");
  if (!text)
    return std::optional<policies::key_id>{};
  const auto key = policies::keys::parse_key_id(*text);
  if (!key)
    return problem{.message = "key: '" + shown(*text) + "' is no key's id", .param = "key"};
  if (auto known = known_key(context, *key); !known)
    return known.error();
  return std::optional{*key};
}

reply streamed(const lines& as, std::unique_ptr<pieces> parts) {
  reply out;
  out.type = as.type();
  out.parts = std::move(parts);
  return out;
}

} // namespace

answer<reply> ledger(const admin_context& context, const request& call) {
  const auto from = number_in(call.query, "from_ms", {0, time_max_ms, 0});
  const auto until = number_in(call.query, "until_ms", {0, time_max_ms, time_max_ms});
  if (!from || !until)
    return !from ? from.error() : until.error();
  const auto key = key_in(context, call.query);
  const auto as = lines::asked_for(call.query);
  if (!key || !as)
    return !key ? key.error() : as.error();
  const ledger_pages::range what{*from, *until, *key};
  return streamed(*as, std::make_unique<ledger_pages>(context.store, what, *as));
}

answer<reply> export_usage(const admin_context& context, const request& call) {
  const auto end = instant_in(call.query, "end", call.now);
  if (!end)
    return end.error();
  const auto start = instant_in(call.query, "start", *end - std::chrono::days{30});
  const auto key = key_in(context, call.query);
  const auto as = lines::asked_for(call.query);
  if (!start || !key || !as)
    return !start ? start.error() : !key ? key.error() : as.error();
  const auto hour_of = [](policies::instant at) {
    return floor<std::chrono::hours>(at.time_since_epoch()).count();
  };
  std::vector<policies::key_id> keys;
  if (*key)
    keys.push_back(**key);
  else
    context.directory.for_each([&](keys::key_slot& slot) { keys.push_back(slot.id); });
  std::ranges::sort(keys);
  const stores::usage_range range{hour_of(*start), hour_of(*end) + 1};
  return streamed(*as, std::make_unique<usage_pages>(context.store, std::move(keys), range, *as));
}

} // namespace proxy::admin
