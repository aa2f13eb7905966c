// Names and arithmetic.
#include "proxy/admin/usage_figures.hpp"

#include <map>

#include "policies/access/route.hpp"
#include "proxy/admin/json_text.hpp"

namespace proxy::admin {

namespace json = boost::json;
using policies::nano_usd;
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
          {"average_latency_ms", ratio(sums.total_ms_sum, outcomes)}};
}

json::array by_model(const std::vector<stores::usage_row>& rows) {
  std::map<std::string, usage_sums> models;
  for (const stores::usage_row& row : rows)
    if (!row.model.empty())
      models[row.model] += row.sums;
  json::array out;
  for (const auto& [model, sums] : models) {
    json::object line{{"model", model}};
    for (auto& [name, value] : figures(sums))
      line.emplace(name, std::move(value));
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
  for (const auto& [feature, sums] : features) {
    json::object line{{"feature", feature}};
    for (auto& [name, value] : figures(sums))
      line.emplace(name, std::move(value));
    out.push_back(std::move(line));
  }
  return out;
}

} // namespace proxy::admin
