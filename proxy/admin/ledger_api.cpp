// The ledger's rows, the errors among them, and the audit trail.
#include "policies/access/route.hpp"
#include "policies/admission/refusal.hpp"
#include "policies/keys/secret.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using journal::entry;
using journal::entry_kind;

constexpr std::int64_t time_max_ms = 253'402'300'799'999; // the end of the year 9999
constexpr std::int64_t hours_max = 24 * 366;
constexpr std::int64_t rows_max = 1000;

std::string key_text(const entry& e) {
  return policies::keys::to_string(policies::key_id{e.key});
}
std::string_view feature_of(const entry& e) {
  return policies::access::name_of(static_cast<policies::access::feature>(e.feature));
}
std::string request_text(const entry& e) {
  return policies::keys::to_string(policies::request_id{e.request});
}

json::object row_view(const entry& e) {
  return {{"request_id", request_text(e)},
          {"key_id", key_text(e)},
          {"started_ms", e.started_ms},
          {"ended_ms", e.time_ms},
          {"model", journal::model_of(e)},
          {"feature", feature_of(e)},
          {"status", e.status},
          {"ending", journal::name_of(e.end)},
          {"dispatched", e.end != journal::ending::not_dispatched},
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

json::object error_view(const entry& e) {
  const policies::instant at{policies::milliseconds{e.time_ms}};
  json::object out{{"time", rfc3339(at)}, {"time_ms", e.time_ms}, {"status", e.status}};
  if (e.kind == entry_kind::tally) {
    const auto code = static_cast<policies::admission::refusal_code>(e.refusal);
    out["source"] = "proxy";
    out["code"] = policies::admission::name_of(code);
    out["count"] = e.count;
    return out;
  }
  out["source"] = e.status >= 400 ? "upstream" : "proxy";
  out["code"] = journal::name_of(e.end);
  out["count"] = 1;
  out["request_id"] = request_text(e);
  out["model"] = journal::model_of(e);
  out["feature"] = feature_of(e);
  out["stream"] = e.stream != 0;
  return out;
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
  ledger_pages(const stores::key_store& store, range what) : store_(store), range_(what) {}

  std::optional<std::string> next() override {
    std::string text;
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
        text += text_of(row_view(e)) + "\n";
      return true;
    });
    range_.from_ms = next_from;
    return text;
  }

  const stores::key_store& store_;
  range range_;
};

} // namespace

answer<reply> ledger(const admin_context& context, const request& call) {
  ledger_pages::range what;
  const auto from = number_in(call.query, "from_ms", {0, time_max_ms, 0});
  const auto until = number_in(call.query, "until_ms", {0, time_max_ms, time_max_ms});
  if (!from || !until)
    return !from ? from.error() : until.error();
  what.from_ms = *from;
  what.until_ms = *until;
  if (const auto text = call.query.get("key")) {
    what.key = policies::keys::parse_key_id(*text);
    if (!what.key)
      return problem{.message = "key: '" + shown(*text) + "' is no key's id", .param = "key"};
    if (auto known = known_key(context, *what.key); !known)
      return known.error();
  }
  reply out;
  out.type = "application/x-ndjson";
  out.parts = std::make_unique<ledger_pages>(context.store, what);
  return out;
}

answer<reply> key_errors(const admin_context& context, const request& call) {
  const auto hours = number_in(call.query, "hours", {1, hours_max, 1});
  const auto limit = number_in(call.query, "limit", {1, rows_max, 100});
  if (!hours || !limit)
    return !hours ? hours.error() : limit.error();
  if (const auto record = known_key(context, call.key); !record)
    return record.error();
  const std::int64_t from_ms = call.now.time_since_epoch().count() - *hours * 3'600'000;
  json::array data;
  for (const entry& e :
       context.store.recent_errors(call.key, from_ms, static_cast<std::size_t>(*limit)))
    data.push_back(error_view(e));
  return json_reply(200, list_of(std::move(data)));
}

answer<reply> audit(const admin_context& context, const request& call) {
  const auto limit = number_in(call.query, "limit", {1, rows_max, 100});
  if (!limit)
    return limit.error();
  json::array data;
  for (const stores::audit_row& row : context.store.audit(static_cast<std::size_t>(*limit))) {
    boost::system::error_code error;
    json::value detail = json::parse(row.detail, error);
    const policies::instant at{policies::milliseconds{row.time_ms}};
    data.push_back({{"time", rfc3339(at)},
                    {"time_ms", row.time_ms},
                    {"actor", row.actor},
                    {"action", row.action},
                    {"subject", row.subject},
                    {"detail", error ? json::value(row.detail) : std::move(detail)}});
  }
  return json_reply(200, list_of(std::move(data)));
}

} // namespace proxy::admin
