// One table of options; the values are checked by the server, which knows the ranges.
#include "proxy/cli/key_options.hpp"

#include <algorithm>
#include <charconv>

namespace proxy::cli {
namespace {

enum class kind { text, count, dollars, list, truth, pairs };

struct key_option {
  const char* flag;
  const char* field;
  kind holds;
  bool is_limit; // stands in rate_limits
  const char* help;
};

constexpr key_option options[] = {
    {"--description", "description", kind::text, false, "what it is for"},
    {"--environment", "environment", kind::text, false, "like production or staging"},
    {"--permissions", "permissions", kind::list, false,
     "chat, code, images, audio, embeddings, files, fine_tuning, account"},
    {"--models", "models", kind::list, false, "allowed models; none: all of them"},
    {"--rpm", "requests_per_minute", kind::count, true, "requests a minute"},
    {"--tpm", "tokens_per_minute", kind::count, true, "tokens a minute"},
    {"--burst-requests", "burst_requests", kind::count, true, "requests at once"},
    {"--burst-tokens", "burst_tokens", kind::count, true, "tokens at once"},
    {"--monthly", "monthly_spending_limit", kind::dollars, true, "US dollars a month"},
    {"--daily", "daily_spending_limit", kind::dollars, true, "US dollars a day"},
    {"--total", "total_spending_limit", kind::dollars, true, "US dollars in all"},
    {"--concurrent", "concurrent_requests", kind::count, true, "requests in flight"},
    {"--daily-budget", "daily_budget", kind::dollars, false,
     "US dollars a day above which monitoring warns"},
    {"--token-accounting", "token_accounting", kind::text, false, "adaptive or strict"},
    {"--ip", "allowed_ips", kind::list, false, "addresses or networks; repeat, or a,b"},
    {"--referrer", "allowed_referrers", kind::list, false, "like https://example.com/*"},
    {"--expires", "expires_at", kind::text, false, "like 2027-01-31T23:59:59Z"},
    {"--alias", "model_aliases", kind::pairs, false,
     "NAME=MODEL: what clients call a model; repeat, or a=b,c=d"},
    {"--rotate-every", "rotate_every_days", kind::count, false, "days after which a secret is due"},
    {"--max-wait", "max_wait_ms", kind::count, false,
     "milliseconds a request waits in line instead of a 429"},
    {"--cache", "cache_ttl_s", kind::count, false,
     "seconds in which an equal request gets the same answer, at no cost"},
    {"--may-delegate", "may_delegate", kind::truth, false,
     "yes or no: may issue narrower keys of its own"},
};

bool is_about(const key_option& option, option_topic topic) {
  constexpr std::string_view security[] = {"--permissions", "--models",  "--ip",
                                           "--referrer",    "--expires", "--rotate-every",
                                           "--may-delegate"};
  if (topic == option_topic::limits)
    return option.is_limit || option.flag == std::string_view("--token-accounting") ||
           option.flag == std::string_view("--max-wait");
  return std::ranges::find(security, option.flag) != std::end(security);
}

template <class T>
result<json::value> parsed(const key_option& option, const std::string& word,
                           std::string_view like) {
  T value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size())
    return complaint{exit_usage, std::string(option.flag) + ": '" + word +
                                     "' is not a number like " + std::string(like) +
                                     " (none: no limit)"};
  return json::value(value);
}

result<json::value> truth_of(const key_option& option, const std::string& word) {
  if (word != "yes" && word != "no")
    return complaint{exit_usage, std::string(option.flag) + ": '" + word + "' is not yes or no"};
  return json::value(word == "yes");
}

json::value list_of(const std::vector<std::string>& words) {
  json::array out;
  for (const std::string& word : words)
    for (std::size_t at = 0; at <= word.size();) {
      const std::size_t end = std::min(word.find(',', at), word.size());
      if (end > at)
        out.emplace_back(word.substr(at, end - at));
      at = end + 1;
    }
  return out;
}

result<json::value> pairs_of(const key_option& option, const std::vector<std::string>& words) {
  json::object out;
  const json::value pairs = list_of(words);
  for (const json::value& each : pairs.get_array()) {
    const std::string_view pair{each.get_string()};
    const std::size_t mark = pair.find('=');
    if (mark == pair.npos)
      return complaint{exit_usage, std::string(option.flag) + ": '" + std::string(pair) +
                                       "' is not like NAME=MODEL"};
    out[pair.substr(0, mark)] = pair.substr(mark + 1);
  }
  return json::value(std::move(out));
}

result<json::value> value_of(const key_option& option, const std::vector<std::string>& words) {
  const std::string& last = words.back();
  if (last == "none")
    return option.holds == kind::list    ? json::value(json::array{})
           : option.holds == kind::truth ? json::value(false)
                                         : json::value(nullptr);
  switch (option.holds) {
  case kind::count:
    return parsed<std::int64_t>(option, last, "60");
  case kind::dollars:
    return parsed<double>(option, last, "12.50");
  case kind::list:
    return list_of(words);
  case kind::truth:
    return truth_of(option, last);
  case kind::pairs:
    return pairs_of(option, words);
  case kind::text:
    break;
  }
  return json::value(last);
}

} // namespace

void key_options::add_to(CLI::App& command, bool creating) {
  for (const key_option& option : options)
    command.add_option(option.flag, given_[option.flag], option.help);
  if (creating)
    command.add_option("--type", given_["--type"],
                       "production (default), development or restricted: the settings it starts "
                       "from");
  else
    command.add_option("--name", given_["--name"], "a new name");
}

void key_options::add_to(CLI::App& command, option_topic topic) {
  for (const key_option& option : options)
    if (is_about(option, topic))
      command.add_option(option.flag, given_[option.flag], option.help);
}

result<json::object> key_options::fields() const {
  json::object out;
  json::object limits;
  for (const key_option& option : options) {
    const auto found = given_.find(option.flag);
    if (found == given_.end() || found->second.empty())
      continue;
    auto value = value_of(option, found->second);
    if (!value)
      return value.error();
    (option.is_limit ? limits : out)[option.field] = std::move(*value);
  }
  for (const char* plain : {"type", "name"})
    if (const auto found = given_.find(std::string("--") + plain);
        found != given_.end() && !found->second.empty())
      out[plain] = found->second.back();
  if (!limits.empty())
    out["rate_limits"] = std::move(limits);
  return out;
}

} // namespace proxy::cli
