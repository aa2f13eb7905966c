// deepseek diagnose: why requests fail, from the proxy itself to one key. A secret is read from
// standard input only: command lines stand in histories and process lists.
#include <charconv>
#include <istream>

#include "policies/keys/secret.hpp"
#include "proxy/cli/commands.hpp"
#include "proxy/cli/findings.hpp"
#include "proxy/cli/key_choice.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

struct diagnose_words {
  std::string key;
  std::string base_url;
  int hours = 24;
};

// Where clients go: told, known from the environment, or as the proxy itself says.
std::string data_url(session& with, const diagnose_words& words, const json::value& health) {
  std::string url = words.base_url;
  if (url.empty())
    url = with.io.environment("DEEPSEEK_BASE_URL").value_or("");
  const bool told = !url.empty();
  if (!told)
    url = text(health, "data_url");
  if (url.empty())
    url = "http://127.0.0.1:8080";
  for (const std::string_view tail : {"/", "/v1", "/anthropic", "/beta", "/"})
    if (url.ends_with(tail))
      url.erase(url.size() - tail.size());
  // The address it listens on is none to connect to from elsewhere.
  for (const std::string_view any : {"//0.0.0.0:", "//[::]:"})
    if (const std::size_t at = url.find(any); !told && at != url.npos)
      url.replace(at + 2, any.size() - 3, with.calls.where().address.host);
  return url;
}

// The data plane with a secret, or with none; nullopt: it cannot be asked from here.
std::optional<location> data_plane(const std::string& url, const std::string& secret,
                                   const std::string& ca_file, findings& into) {
  const auto address = config::parse_upstream(url);
  if (!address) {
    into.problem("data plane", "'" + url + "' is no address",
                 "it looks like http://127.0.0.1:8080");
    return std::nullopt;
  }
  return location{
      .url = url, .address = *address, .ca_file = ca_file, .admin_key = secret, .key_source = {}};
}

void check_data_plane(const location& at, findings& into) {
  const auto answer = exchange(at, {.target = "/v1/models"});
  if (!answer)
    into.problem("data plane", answer.error().message,
                 "check server.listen and what lies between; --base-url names another address");
  else if (answer->status == 401 &&
           message_in(answer->body).find("deepseek-proxy") != std::string::npos)
    into.ok("data plane", at.url + " answers, and refuses who has no key");
  else
    into.problem("data plane",
                 at.url + " answered " + std::to_string(answer->status) +
                     ", but not as a deepseek-proxy does",
                 "name the proxy's own address with --base-url");
}

// A request that costs nothing, as the secret's holder would send it.
void check_secret(location at, const std::string& secret, findings& into) {
  at.admin_key = secret;
  const auto answer = exchange(at, {.target = "/v1/models"});
  if (!answer)
    into.problem("request", answer.error().message, "check what lies between");
  else if (answer->status == 200)
    into.ok("request", "GET /v1/models with this secret from here: 200, from DeepSeek too");
  else
    into.problem("request",
                 "GET /v1/models with this secret from here: " + std::to_string(answer->status) +
                     ", " + message_in(answer->body),
                 "the lines below say more");
}

std::int64_t counted(const std::string& metrics, std::string_view name) {
  const std::string line = "\ndeepseek_proxy_" + std::string(name) + " ";
  const std::size_t at = metrics.find(line);
  double value = 0;
  if (at != metrics.npos)
    std::from_chars(metrics.data() + at + line.size(), metrics.data() + metrics.size(), value);
  return static_cast<std::int64_t>(value);
}

// No call tells the account's balance without a key that may see it; refusals tell its end.
void check_upstream(session& with, findings& into) {
  const auto metrics = with.calls.get_text("/metrics");
  if (!metrics)
    return into.note("upstream", metrics.error().message);
  const std::int64_t refusals = counted(*metrics, "upstream_account_refusals_total");
  const std::int64_t failures = counted(*metrics, "upstream_failures_total");
  if (refusals > 0)
    into.problem("upstream",
                 "DeepSeek refused the account's key or balance " + grouped(refusals) +
                     " times since the proxy started",
                 "check upstream.key, and the balance at DeepSeek");
  else if (failures > 0)
    into.note("upstream", grouped(failures) + " answers of DeepSeek failed since the proxy started",
              "the proxy's log names each");
  else
    into.ok("upstream", "neither account nor connection failed since the proxy started");
}

void check_balance(location at, const std::string& secret, findings& into) {
  at.admin_key = secret;
  const auto answer = exchange(at, {.target = "/user/balance"});
  if (!answer || answer->status != 200)
    return; // the key need not have the permission `account`
  json::error_code error;
  const json::value body = json::parse(answer->body, error);
  const json::value& available = member(body, "is_available");
  std::string amounts;
  for (const json::value& row : items(body, "balance_infos"))
    amounts +=
        (amounts.empty() ? "" : ", ") + text(row, "total_balance") + " " + text(row, "currency");
  if (available.is_bool() && !available.get_bool())
    into.problem("balance", "DeepSeek says it is not enough: " + amounts, "top it up at DeepSeek");
  else if (available.is_bool())
    into.ok("balance", amounts);
}

// The key whose secret ends like this one.
result<std::string> key_of(session& with, const std::string& secret) {
  const auto keys = all_keys(with, "");
  if (!keys)
    return keys.error();
  const std::string masked = policies::keys::masked(secret);
  std::vector<std::string> found;
  for (const json::value& key : *keys)
    for (const json::value& each : items(key, "secrets"))
      if (text(each, "masked_key") == masked)
        found.push_back(text(key, "id"));
  if (found.size() == 1)
    return found.front();
  return std::string{};
}

result<void> check_given_secret(session& with, const std::string& secret,
                                const std::optional<location>& at, const diagnose_words& words,
                                findings& into) {
  if (!policies::keys::well_formed(secret)) {
    into.problem("secret",
                 "what was given is no sub-key of a deepseek-proxy, or was not copied whole",
                 "copy all of it: sk-ds- and " + std::to_string(policies::keys::secret_length - 6) +
                     " characters");
    return {};
  }
  if (at) {
    check_secret(*at, secret, into);
    check_balance(*at, secret, into);
  }
  const auto id = key_of(with, secret);
  if (!id)
    return id.error();
  if (!id->empty())
    return diagnose_key(with, *id, words.hours, into);
  into.problem(
      "key", "no single key has a secret that ends like " + policies::keys::masked(secret),
      "'deepseek keys list' shows all keys; name one of them, or rotate it for a new secret");
  return {};
}

std::string line_from(std::istream& in) {
  std::string line;
  std::getline(in, line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\n'))
    line.pop_back();
  return line;
}

result<void> diagnose(session& with, const diagnose_words& words) {
  if (words.key.starts_with(policies::keys::secret_prefix))
    return complaint{exit_usage, "a secret does not belong on a command line, where histories keep "
                                 "it: deepseek diagnose - reads it from standard input"};
  findings found;
  const auto finish = [&]() -> result<void> {
    found.print(with);
    if (found.problems() > 0)
      return complaint{exit_failed, ""};
    return {};
  };
  const auto health = with.calls.get("/health");
  if (!health) {
    found.problem("proxy", health.error().message, "start it, or name its admin plane with --url");
    return finish();
  }
  found.ok("proxy", with.calls.where().url + " answers");
  const auto accepted = with.calls.get("/v1/models");
  if (accepted)
    found.ok("admin key", "accepted, from " + with.calls.where().key_source);
  else
    found.problem("admin key", accepted.error().message,
                  "see 'deepseek --help' for where it is looked for");
  const auto at = data_plane(data_url(with, words, health->body), "",
                             with.calls.where().ca_file, found);
  if (at)
    check_data_plane(*at, found);
  check_upstream(with, found);
  if (words.key.empty() || !accepted)
    return finish();
  if (words.key == "-") {
    if (auto done = check_given_secret(with, line_from(with.io.in), at, words, found); !done)
      found.problem("key", done.error().message, "try again");
    return finish();
  }
  const auto id = find_key(with, words.key);
  const auto done = id ? diagnose_key(with, *id, words.hours, found) : result<void>(id.error());
  if (!done)
    found.problem("key", done.error().message, "'deepseek keys list' shows all keys");
  return finish();
}

} // namespace

void add_diagnose_command(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("diagnose", "why requests fail, and what to do about it");
  auto words = std::make_shared<diagnose_words>();
  add->add_option("KEY", words->key,
                  "id or name; - reads a secret from standard input; without it, the proxy alone");
  add->add_option("--base-url", words->base_url,
                  "the data plane, where clients go; else $DEEPSEEK_BASE_URL or as the proxy says");
  add->add_option("--hours", words->hours, "how far back errors count")->capture_default_str();
  add->final_callback(
      [&chosen, words] { chosen = [words](session& with) { return diagnose(with, *words); }; });
}

} // namespace proxy::cli
