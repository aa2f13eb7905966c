// Sums of usage as JSON: the same names and the same arithmetic in every answer.
#pragma once

#include <vector>

#include <boost/json.hpp>

#include "proxy/stores/key_store.hpp"

namespace proxy::admin {

std::int64_t tokens_of(const stores::usage_sums& sums);
double ratio(std::int64_t part, std::int64_t whole); // 0 of nothing
stores::usage_sums sum_of(const std::vector<stores::usage_row>& rows);

// requests, dispatched, …, cost, error_rate, average_latency_ms
boost::json::object figures(const stores::usage_sums& sums);
// {kind: name} and `figures`.
boost::json::object line_of(std::string_view kind, std::string_view name,
                            const stores::usage_sums& sums);
// One object a model, with `figures`, latency and average_tokens_per_request. Refusals never
// reached a model: they have no name and no line here.
boost::json::array by_model(const std::vector<stores::usage_row>& rows,
                            const std::vector<stores::spread_row>& spreads);

// {"first_byte_ms": {"count", "p50", "p90", "p99"}, "total_ms": …, "overhead_us": …}; null: of
// nothing.
boost::json::object latency(const policies::analytics::spread& of);
policies::analytics::spread spread_of(const std::vector<stores::spread_row>& rows);
// by_status, by_ending, refusals: how many of each.
void add_counts(boost::json::object& to, const policies::analytics::spread& of);
// One object a feature (chat, fim, responses, …) with `figures`; refusals of it are in them.
boost::json::array by_feature(const std::vector<stores::usage_row>& rows);

} // namespace proxy::admin
