// The door for tests: bill, requests, knobs, clock, gate. Everything below /__sim/.
#include <charconv>

#include <fmt/format.h>

#include "bench/simulator/endpoints.hpp"

namespace simulator {
namespace {

namespace json = boost::json;

constexpr std::string_view door = "/__sim/";
constexpr std::size_t rows_max = 10'000;

json::object view_of(const tally& sum) {
  return {{"requests", sum.requests},
          {"prompt_tokens", sum.prompt_tokens},
          {"cached_tokens", sum.cached_tokens},
          {"output_tokens", sum.output_tokens},
          {"pico", sum.pico},
          {"nano", sum.nano}};
}

json::object view_of(const bill_totals& totals) {
  json::object by_model;
  for (const auto& [model, sum] : totals.by_model)
    by_model[model] = view_of(sum);
  json::object by_hour;
  std::map<std::string, std::int64_t> dates;
  for (const auto& [hour, sum] : totals.by_hour) {
    const std::string text = to_string(instant{std::chrono::hours{hour}});
    by_hour[text.substr(0, 13)] = view_of(sum);
    dates[text.substr(0, 10)] += sum.nano;
  }
  json::object by_date;
  for (const auto& [date, nano] : dates)
    by_date[date] = nano;
  return {{"total_nano", totals.billed.nano},
          {"total_pico", totals.billed.pico},
          {"requests", totals.requests},
          {"billed", totals.billed.requests},
          {"in_flight", totals.in_flight},
          {"prompt_tokens", totals.billed.prompt_tokens},
          {"cached_tokens", totals.billed.cached_tokens},
          {"output_tokens", totals.billed.output_tokens},
          {"by_model", std::move(by_model)},
          {"by_date_nano", std::move(by_date)},
          {"by_hour", std::move(by_hour)}};
}

json::object view_of(const request_record& row) {
  return {{"seq", row.seq},
          {"connection", row.connection},
          {"request_id", row.request_id},
          {"method", row.method},
          {"path", row.path},
          {"mark", row.mark},
          {"arrived_us", row.arrived_us},
          {"ended_us", row.ended_us},
          {"arrival_ms", row.arrival.time_since_epoch().count()},
          {"billed_at", row.billed ? json::value(to_string(row.billed_at)) : json::value()},
          {"model", row.model},
          {"stream", row.stream},
          {"status", row.status},
          {"prompt_tokens", row.prompt_tokens},
          {"cached", row.cached_tokens},
          {"output_tokens", row.output_tokens},
          {"cost_nano", row.cost_nano},
          {"cost_pico", row.cost_pico},
          {"billed", row.billed},
          {"max_tokens", row.max_tokens.empty() ? json::value() : json::parse(row.max_tokens)},
          {"fault", row.fault},
          {"authorization_ok", row.authorization_ok},
          {"client_left", row.client_left},
          {"done", row.done},
          {"bytes_in", row.bytes_in},
          {"bytes", row.bytes_out}};
}

std::uint64_t query_number(std::string_view query, std::string_view name, std::uint64_t otherwise) {
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (!pair.starts_with(name) || pair.substr(name.size(), 1) != "=")
      continue;
    const auto text = pair.substr(name.size() + 1);
    std::from_chars(text.data(), text.data() + text.size(), otherwise);
  }
  return otherwise;
}

json::array rows(world& state, std::string_view query) {
  json::array list;
  const auto count = query_number(query, "limit", rows_max);
  for (const auto& row : state.ledger.after(query_number(query, "after", 0), count))
    list.push_back(view_of(row));
  return list;
}

// {"clock": "2026-11-16T00:59:59Z" | null (real), "clock_speed": 0}
std::string set_clock(world& state, const json::object& body) {
  const auto* at = body.if_contains("clock");
  const auto* speed = body.if_contains("clock_speed");
  if (!at && !speed)
    return {};
  if (at && at->is_null()) {
    state.clock.set_real();
    return {};
  }
  const auto text = at ? at->if_string() : nullptr;
  const auto when = text ? parse_instant(*text) : std::nullopt;
  if ((at && !when) || (speed && !speed->is_number()))
    return "clock: an RFC 3339 instant or null; clock_speed: a number";
  state.clock.set(when.value_or(state.clock.now()), speed ? speed->to_number<double>() : 1.0);
  return {};
}

std::string configure(world& state, const json::object& body) {
  behaviour changed = *state.how();
  for (const auto& [name, value] : body) {
    if (name == "clock" || name == "clock_speed")
      continue;
    auto wrong = set_option(changed, name, value);
    if (!wrong.empty())
      return wrong;
  }
  auto wrong = set_clock(state, body);
  if (wrong.empty())
    state.set(std::move(changed));
  return wrong;
}

std::int64_t number_in(const json::object& body, std::string_view name, std::int64_t otherwise) {
  const auto* value = body.if_contains(name);
  return value && value->is_int64() ? value->get_int64() : otherwise;
}

json::object describe_gate(const gate& which) {
  return {{"shut", which.is_shut()}, {"waiting", which.waiting()}};
}

struct reply {
  int status = 200;
  json::value body;
};

reply act(world& state, std::string_view name, const json::object& body) {
  std::string wrong;
  if (name == "config") {
    wrong = configure(state, body);
    if (wrong.empty())
      return {200, describe(*state.how())};
  } else if (name == "reset") {
    state.reset(body.contains("keep_config"));
    return {200, json::object{}};
  } else if (name == "gate") {
    const auto* tokens = body.if_contains("tokens");
    if (!tokens || tokens->is_null())
      state.gate_of_events.open();
    else
      state.gate_of_events.shut(number_in(body, "tokens", 0));
    return {200, describe_gate(state.gate_of_events)};
  } else if (name == "release") {
    state.gate_of_events.release(number_in(body, "n", 1));
    return {200, describe_gate(state.gate_of_events)};
  } else {
    wrong = "no such control";
  }
  return {400, json::object{{"error", wrong}}};
}

reply look(world& state, std::string_view name, std::string_view query) {
  if (name == "bill")
    return {200, view_of(state.ledger.totals())};
  if (name == "requests")
    return {200, rows(state, query)};
  if (name == "config")
    return {200, describe(*state.how())};
  if (name == "gate")
    return {200, describe_gate(state.gate_of_events)};
  if (name == "clock")
    return {200, json::object{{"clock", to_string(state.clock.now())}}};
  return {404, json::object{{"error", "no such control"}}};
}

reply decide(world& state, const http_request& request) {
  const std::string_view target{request.target().data(), request.target().size()};
  const auto mark = std::min(target.find('?'), target.size());
  const auto name = target.substr(door.size(), mark - door.size());
  if (request.method() == boost::beast::http::verb::get)
    return look(state, name, target.substr(std::min(mark + 1, target.size())));
  boost::system::error_code ec;
  const auto body = json::parse(request.body().empty() ? "{}" : request.body(), ec);
  if (ec || !body.is_object())
    return {400, json::object{{"error", "the body must be a JSON object"}}};
  return act(state, name, body.get_object());
}

} // namespace

bool is_control(std::string_view target) {
  return target.starts_with(door);
}

asio::awaitable<bool> serve_control(world& state, wire& peer, const http_request& request) {
  const reply done = decide(state, request);
  const fault_list none;
  const answer_terms terms{.keep_alive = request.keep_alive(), .trace_id = "control"};
  answer out(peer, none, terms);
  const std::string text = json::serialize(done.body) + "\n";
  co_await out.plain(done.status, "application/json", text);
  co_return out.keep_alive();
}

} // namespace simulator
