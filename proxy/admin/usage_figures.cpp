// Names and arithmetic.
#include "proxy/admin/usage_figures.hpp"

#include <array>
#include <cmath>
#include <map>

#include "policies/access/route.hpp"
#include "policies/admission/refusal.hpp"
#include "proxy/admin/json_text.hpp"

namespace proxy::admin {

namespace json = boost::json;
using policies::nano_usd;
using policies::analytics::spread;
using stores::usage_sums;

std::int64_t tokens_of(const usage_sums& sums) {
  return sums.cached_tokens + sums.prompt_tokens + sums.output_tokens;
}

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

usage_sums sum_of(const std::vector<stores::usage_row>& rows) {
  usage_sums all;
  for (const stores::usage_row& row : rows)
    all += row.sums;
  return all;
}

// A line of a list: what it is of, and its figures.
json::object line_of(std::string_view kind, std::string_view name, const usage_sums& sums) {
  json::object line{{kind, name}};
  for (auto& [each, value] : figures(sums))
    line.emplace(each, std::move(value));
  return line;
}

json::object figures(const usage_sums& sums) {
  const std::int64_t outcomes = sums.requests - sums.refused;
  return {{"requests", sums.requests},
          {"dispatched", sums.dispatched},
          {"refused", sums.refused},
          {"limited", sums.limited},
          {"interrupted", sums.interrupted},
          {"errors", sums.errors},
          {"tokens", tokens_of(sums)},
          {"prompt_tokens", sums.cached_tokens + sums.prompt_tokens},
          {"cached_tokens", sums.cached_tokens},
          {"completion_tokens", sums.output_tokens},
          {"reasoning_tokens", sums.reasoning_tokens},
          {"cost", usd(nano_usd{sums.cost_nano})},
          {"cost_nano_usd", sums.cost_nano},
          {"error_rate", ratio(sums.errors, sums.requests)},
          {"cached_share", ratio(sums.cached_tokens, sums.cached_tokens + sums.prompt_tokens)},
          {"average_latency_ms", ratio(sums.total_ms_sum, outcomes)}};
}

json::array by_model(const std::vector<stores::usage_row>& rows,
                     const std::vector<stores::spread_row>& spreads) {
  std::map<std::string, spread> times;
  for (const stores::spread_row& row : spreads)
    times[row.model] += row.spread;
  std::map<std::string, usage_sums> models;
  for (const stores::usage_row& row : rows)
    if (!row.model.empty())
      models[row.model] += row.sums;
  json::array out;
  for (const auto& [model, sums] : models) {
    json::object line = line_of("model", model, sums);
    line["latency"] = latency(times[model]);
    line["average_tokens_per_request"] = ratio(tokens_of(sums), sums.requests);
    out.push_back(std::move(line));
  }
  return out;
}

json::array by_feature(const std::vector<stores::usage_row>& rows) {
  std::map<std::string_view, usage_sums> features;
  for (const stores::usage_row& row : rows)
    features[policies::access::name_of(static_cast<policies::access::feature>(row.feature))] +=
        row.sums;
  json::array out;
  for (const auto& [feature, sums] : features)
    out.push_back(line_of("feature", feature, sums));
  return out;
}

spread spread_of(const std::vector<stores::spread_row>& rows) {
  spread all;
  for (const stores::spread_row& row : rows)
    all += row.spread;
  return all;
}

json::object latency(const spread& of) {
  constexpr std::array<std::string_view, policies::analytics::measures> names{
      "first_byte_ms", "total_ms", "overhead_us"};
  const auto rounded = [](std::optional<double> value) {
    return value ? json::value(std::round(*value * 10) / 10) : json::value(nullptr);
  };
  json::object out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = of.of(static_cast<policies::analytics::measure>(i));
    out[names[i]] = {{"count", found.count},
                     {"p50", rounded(found.p50)},
                     {"p90", rounded(found.p90)},
                     {"p99", rounded(found.p99)}};
  }
  return out;
}

void add_counts(json::object& to, const spread& of) {
  json::object statuses;
  json::object endings;
  json::object refusals;
  for (const auto& each : of.statuses())
    statuses[std::to_string(each.what)] = each.count;
  for (const auto& each : of.endings())
    endings[journal::name_of(static_cast<journal::ending>(each.what))] = each.count;
  for (const auto& each : of.refusals())
    refusals[policies::admission::name_of(
        static_cast<policies::admission::refusal_code>(each.what))] = each.count;
  to["by_status"] = std::move(statuses);
  to["by_ending"] = std::move(endings);
  to["refusals"] = std::move(refusals);
}

} // namespace proxy::admin
