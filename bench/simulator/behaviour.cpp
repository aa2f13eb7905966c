// The table of knobs: name, member, bounds.
#include "bench/simulator/behaviour.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace simulator {
namespace {

namespace json = boost::json;

struct number_knob {
  std::string_view name;
  std::int64_t behaviour::*member;
  std::int64_t low;
  bool by_header;
};

constexpr std::array number_knobs = {
    number_knob{"output_tokens", &behaviour::output_tokens, -1, true},
    number_knob{"chunk_tokens", &behaviour::chunk_tokens, 0, true},
    number_knob{"ttft_ms", &behaviour::ttft_ms, 0, true},
    number_knob{"token_delay_ms", &behaviour::token_delay_ms, 0, true},
    number_knob{"keepalive_ms", &behaviour::keepalive_ms, 1, true},
    number_knob{"idle_close_ms", &behaviour::idle_close_ms, 0, false},
    number_knob{"requests_per_connection", &behaviour::requests_per_connection, 0, false},
    number_knob{"flash_concurrency", &behaviour::flash_concurrency, 0, false},
    number_knob{"pro_concurrency", &behaviour::pro_concurrency, 0, false},
    number_knob{"part_tokens", &behaviour::part_tokens, 0, false},
};

struct flag_knob {
  std::string_view name;
  bool behaviour::*member;
  bool by_header;
};

constexpr std::array flag_knobs = {
    flag_knob{"greedy", &behaviour::greedy, true},
    flag_knob{"gated", &behaviour::gated, true},
    flag_knob{"cancel_on_disconnect", &behaviour::cancel_on_disconnect, true},
    flag_knob{"cached_random", &behaviour::cached_random, false},
    flag_knob{"bill_unanswered", &behaviour::bill_unanswered, false},
};

constexpr std::array measures = {"quarter", "bytes"};
constexpr std::array lists = {"table", "flat"};
constexpr std::array instants = {"start", "end", "random"};

template <typename Enum, std::size_t N>
std::string set_choice(Enum& member, const std::array<const char*, N>& names, std::string_view name,
                       const json::value& value) {
  for (std::size_t i = 0; i < N && value.is_string(); ++i) {
    if (value.get_string() == names[i]) {
      member = static_cast<Enum>(i);
      return {};
    }
  }
  return fmt::format("{}: one of {}", name, fmt::join(names, ", "));
}

std::string set_faults(behaviour& knobs, const json::value& value) {
  constexpr auto shape = "faults: [{\"fault\": \"reset_after:100\", \"probability\": 0.1}, ...]";
  if (!value.is_array())
    return shape;
  std::vector<fault_share> mix;
  for (const auto& line : value.get_array()) {
    const auto* row = line.if_object();
    const auto* text = row ? row->if_contains("fault") : nullptr;
    const auto* likely = row ? row->if_contains("probability") : nullptr;
    if (!text || !text->is_string() || !likely || !likely->is_number())
      return shape;
    auto faults = fault_list::parse(text->get_string());
    if (!faults)
      return fmt::format("faults: unknown fault {}", json::serialize(*text));
    mix.push_back({likely->to_number<double>(), std::move(*faults)});
  }
  knobs.faults = std::move(mix);
  return {};
}

std::string set_holidays(behaviour& knobs, const json::value& value) {
  holiday_list list;
  if (!value.is_array())
    return "holidays: a list of dates";
  for (const auto& entry : value.get_array()) {
    const auto day = entry.is_string() ? parse_date(entry.get_string()) : std::nullopt;
    if (!day)
      return "holidays: a list of dates such as \"2026-10-01\"";
    list.push_back(*day);
  }
  std::sort(list.begin(), list.end());
  knobs.holidays = std::move(list);
  return {};
}

std::string set_legacy_model(behaviour& knobs, const json::value& value) {
  if (!value.is_string() ||
      (value.get_string() != "deepseek-flash" && value.get_string() != "deepseek-v4-pro"))
    return "legacy_model: deepseek-flash or deepseek-v4-pro";
  knobs.legacy_model = std::string(value.get_string());
  return {};
}

} // namespace

std::string set_option(behaviour& knobs, std::string_view name, const json::value& value) {
  for (const auto& knob : number_knobs) {
    if (knob.name != name)
      continue;
    if (!value.is_int64() || value.get_int64() < knob.low)
      return fmt::format("{}: a whole number from {}", name, knob.low);
    knobs.*knob.member = value.get_int64();
    return {};
  }
  for (const auto& knob : flag_knobs) {
    if (knob.name != name)
      continue;
    if (!value.is_bool())
      return fmt::format("{}: true or false", name);
    knobs.*knob.member = value.get_bool();
    return {};
  }
  if (name == "tokens")
    return set_choice(knobs.tokens, measures, name, value);
  if (name == "prices")
    return set_choice(knobs.prices, lists, name, value);
  if (name == "bill_instant")
    return set_choice(knobs.billed, instants, name, value);
  if (name == "faults")
    return set_faults(knobs, value);
  if (name == "holidays")
    return set_holidays(knobs, value);
  if (name == "legacy_model")
    return set_legacy_model(knobs, value);
  if (name == "seed" && value.is_int64()) {
    knobs.seed = static_cast<std::uint64_t>(value.get_int64());
    return {};
  }
  if (name == "cached_fraction" && value.is_number()) {
    knobs.cached_fraction = std::clamp(value.to_number<double>(), 0.0, 1.0);
    return {};
  }
  return fmt::format("{}: unknown option or wrong type", name);
}

std::string set_header_option(behaviour& knobs, std::string_view name, std::string_view text) {
  const auto listed = [&](const auto& knob) { return knob.by_header && knob.name == name; };
  if (name != "cached_fraction" && std::none_of(number_knobs.begin(), number_knobs.end(), listed) &&
      std::none_of(flag_knobs.begin(), flag_knobs.end(), listed))
    return fmt::format("{}: not an option of one request", name);
  boost::system::error_code ec;
  const auto value = json::parse(text, ec);
  if (ec)
    return fmt::format("{}: unreadable value", name);
  const bool flag = std::any_of(flag_knobs.begin(), flag_knobs.end(), listed);
  if (flag && value.is_int64())
    return set_option(knobs, name, value.get_int64() != 0);
  return set_option(knobs, name, value);
}

json::object describe(const behaviour& knobs) {
  json::object out;
  for (const auto& knob : number_knobs)
    out[knob.name] = knobs.*knob.member;
  for (const auto& knob : flag_knobs)
    out[knob.name] = knobs.*knob.member;
  out["tokens"] = measures[static_cast<std::size_t>(knobs.tokens)];
  out["prices"] = lists[static_cast<std::size_t>(knobs.prices)];
  out["bill_instant"] = instants[static_cast<std::size_t>(knobs.billed)];
  out["legacy_model"] = knobs.legacy_model;
  out["seed"] = knobs.seed;
  out["cached_fraction"] = knobs.cached_fraction;
  json::array mix;
  for (const auto& share : knobs.faults)
    mix.push_back({{"fault", share.faults.text()}, {"probability", share.probability}});
  out["faults"] = std::move(mix);
  return out;
}

} // namespace simulator
