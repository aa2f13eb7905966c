// What a file and a list of keys come to: what is to be done, in which order, and what is refused.
#include <algorithm>
#include <random>
#include <sstream>

#include "proxy/admin/key_view.hpp"
#include "proxy/cli/apply_plan.hpp"
#include "proxy/cli/key_settings.hpp"
#include "tests/support/catch.hpp"

using namespace proxy;
namespace json = boost::json;
using cli::apply_step;

namespace {

struct planned {
  cli::apply_plan plan;
  std::string wrong; // empty: nothing
};

planned plan_for(const json::array& keys, const std::string& toml, bool prune = false) {
  std::istringstream in(toml);
  std::ostringstream out;
  const cli::console io{in, out, out, [](const std::string&) { return std::nullopt; }};
  cli::complaints wrong("keys.toml");
  const auto wanted = cli::read_key_file("-", io, wrong);
  if (!wanted)
    return {{}, wanted.error().message};
  planned made{cli::plan_of(keys, *wanted, prune, wrong), {}};
  if (!wrong.none())
    made.wrong = wrong.whole().message;
  return made;
}

policies::keys::key_record record(std::uint64_t id, std::string name, std::uint64_t parent = 0) {
  auto made = policies::keys::defaults_of(policies::keys::key_type::production);
  made.id = policies::key_id{id};
  made.name = std::move(name);
  if (parent != 0)
    made.parent = policies::key_id{parent};
  return made;
}

json::object listed(const policies::keys::key_record& of) {
  return admin::key_view(of, std::nullopt);
}

std::string key_table(const std::string& name, const std::string& parent = {}, bool group = false) {
  return "[[key]]\nname = \"" + name + "\"\n" +
         (parent.empty() ? "" : "parent = \"" + parent + "\"\n") +
         (group ? "is_group = true\n" : "");
}

} // namespace

TEST_CASE(
    "apply_plan: parents are made before what stands under them, however the file is ordered") {
  std::vector<std::string> tables{key_table("c", "b"), key_table("b", "team"),
                                  key_table("team", "all", true), key_table("all", "", true),
                                  key_table("alone")};
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 draw(seed);
  for (int i = 0; i < 50; ++i) {
    std::ranges::shuffle(tables, draw);
    std::string toml;
    for (const std::string& each : tables)
      toml += each;
    const planned made = plan_for({}, toml);
    REQUIRE(made.wrong.empty());
    REQUIRE(made.plan.steps.size() == tables.size());
    std::vector<std::string> seen;
    for (const cli::planned_key& step : made.plan.steps) {
      REQUIRE((step.parent.empty() || std::ranges::find(seen, step.parent) != seen.end()));
      seen.push_back(step.name);
    }
  }
}

TEST_CASE("apply_plan: circles and chains that are too deep are refused") {
  CHECK(plan_for({}, key_table("a", "b") + key_table("b", "a")).wrong.find("below this key") !=
        std::string::npos);
  std::string deep = key_table("k0");
  for (int i = 1; i <= 3; ++i)
    deep += key_table("k" + std::to_string(i), "k" + std::to_string(i - 1));
  CHECK(plan_for({}, deep).wrong.empty());
  CHECK(plan_for({}, deep + key_table("k4", "k3")).wrong.find("at most 4") != std::string::npos);
  const json::array keys{listed(record(1, "k0")), listed(record(2, "k1", 1)),
                         listed(record(3, "k2", 2)), listed(record(4, "k3", 3))};
  CHECK(plan_for(keys, key_table("k4", "k3")).wrong.find("at most 4") != std::string::npos);
  CHECK(plan_for(keys, key_table("g", "k0", true)).wrong.find("under groups only") !=
        std::string::npos);
}

TEST_CASE("apply_plan: another spelling of what holds is no change") {
  auto key = record(1, "app");
  key.permissions = {};
  key.permissions.add(policies::access::permission::chat);
  key.permissions.add(policies::access::permission::code);
  key.allowed_ips.push_back(*policies::access::parse_network("10.0.0.1/32").network);
  key.expires_at = policies::instant{std::chrono::milliseconds{1'900'000'000'000}};
  key.limits.monthly = policies::nano_usd{5'000'000'000};
  const json::array keys{listed(key)};
  const std::string same = key_table("app") + "permissions = [\"code\", \"chat\", \"code\"]\n"
                                              "allowed_ips = [\"10.0.0.1\"]\n"
                                              "expires_at = 2030-03-17T19:46:40+02:00\n"
                                              "rate_limits = { monthly_spending_limit = 5 }\n";
  const planned made = plan_for(keys, same);
  CHECK(made.wrong == "");
  CHECK(made.plan.steps.empty());
  CHECK(made.plan.unchanged == 1);
  const planned other =
      plan_for(keys, key_table("app") + "expires_at = 2030-03-17T19:46:40.001+02:00\n");
  REQUIRE(other.plan.steps.size() == 1);
  CHECK(other.plan.steps[0].what == apply_step::change);
  CHECK(other.plan.steps[0].fields == json::object{{"expires_at", "2030-03-17T17:46:40.001Z"}});
}

TEST_CASE("apply_plan: what is not named is not sent, and the version that was read is") {
  auto key = record(1, "app");
  key.version = 7;
  key.limits.requests_per_minute = 60;
  const planned made =
      plan_for({listed(key)}, key_table("app") + "status = \"inactive\"\n"
                                                 "description = \"\"\n"
                                                 "[key.rate_limits]\ntokens_per_minute = 9\n");
  REQUIRE(made.plan.steps.size() == 1);
  const cli::planned_key& step = made.plan.steps[0];
  CHECK(step.version == 7);
  CHECK(step.status == "inactive");
  CHECK(step.fields == json::object{{"rate_limits", {{"tokens_per_minute", 9}}}});
}

TEST_CASE("apply_plan: pruning spares what is named, what is inactive, and what others issued") {
  auto partner = record(1, "partner");
  partner.may_delegate = true;
  auto asleep = record(4, "asleep");
  asleep.status = policies::keys::key_status::inactive;
  const json::array keys{listed(partner), listed(record(2, "of-partner", 1)),
                         listed(record(3, "of-that", 2)), listed(asleep), listed(record(5, "old"))};
  CHECK(plan_for(keys, key_table("partner")).plan.steps.empty());
  const planned made = plan_for(keys, key_table("partner"), true);
  REQUIRE(made.plan.steps.size() == 1);
  CHECK(made.plan.steps[0].name == "old");
  CHECK(made.plan.steps[0].what == apply_step::deactivate);
}

TEST_CASE("apply_plan: a parent that is not listed stays what it was") {
  const json::array keys{listed(record(2, "child", 1))};
  const std::string parent = cli::text(keys[0], "parent");
  CHECK(plan_for(keys, key_table("child", parent)).plan.unchanged == 1);
  CHECK(plan_for(keys, key_table("sibling", parent)).plan.steps.size() == 1);
  CHECK_FALSE(plan_for(keys, key_table("child", "child2")).wrong.empty());
}

TEST_CASE("apply_plan: a file can hold every setting that the admin plane has") {
  const json::object settings = admin::settings_view(record(1, "any"));
  for (const auto& [name, value] : settings) {
    INFO(name);
    const cli::key_setting* known = cli::setting_named(name);
    REQUIRE(known != nullptr);
    const bool is_table =
        known->kind == cli::setting_kind::table || known->kind == cli::setting_kind::limits;
    CHECK(is_table == value.is_object());
    CHECK((known->kind == cli::setting_kind::list) == value.is_array());
    CHECK((!value.is_null() || known->kind == cli::setting_kind::clearable));
  }
  CHECK(settings.size() == std::size(cli::key_settings));
}
