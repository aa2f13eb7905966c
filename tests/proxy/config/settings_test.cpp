// Every setting of the table: its default, the values at its bounds and beyond, and what the owner
// is told about a wrong one.
#include <cstdio>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "tests/proxy/config/support.hpp"

using namespace config_test;

namespace {

std::string file_with(const config::setting& which, const std::string& value) {
  return fmt::format("[{}]\n{} = {}\n", which.section, which.name, value);
}

std::string full_name(const config::setting& which) {
  return fmt::format("{}.{}", which.section, which.name);
}

// "1 to 64": the bounds; nullopt: not a number.
std::optional<std::pair<long long, long long>> bounds_of(const config::setting& which) {
  long long min = 0, max = 0;
  char rest = 0;
  if (std::sscanf(which.accepts.c_str(), "%lld to %lld%c", &min, &max, &rest) != 2)
    return std::nullopt;
  return std::pair{min, max};
}

// "1.1 to 1000": the bounds of a number that need not be whole.
std::optional<std::pair<double, double>> decimal_bounds_of(const config::setting& which) {
  double min = 0, max = 0;
  char rest = 0;
  if (bounds_of(which) ||
      std::sscanf(which.accepts.c_str(), "%lf to %lf%c", &min, &max, &rest) != 2)
    return std::nullopt;
  return std::pair{min, max};
}

bool is_switch(const config::setting& which) {
  return which.accepts == "true or false";
}

// What the owner is told of a value, all of it.
std::string told(const config::setting& which, const std::string& problem) {
  return fmt::format("proxy.toml:2: {}: {} (accepts {})", full_name(which), problem, which.accepts);
}

// The example as somebody would have it who took the comment mark from every setting.
std::string every_setting_uncommented() {
  std::string out;
  std::istringstream lines(config::example_file());
  for (std::string line; std::getline(lines, line);) {
    const bool is_setting =
        std::ranges::any_of(config::all_settings(), [&](const config::setting& each) {
          return line.starts_with(fmt::format("# {} = ", each.name));
        });
    out += (is_setting ? line.substr(2) : line) + "\n";
  }
  return out;
}

} // namespace

TEST_CASE("settings: without a file everything has its default") {
  const variable state("XDG_STATE_HOME", "/somewhere/state");
  const auto loaded = config::load(std::nullopt);
  REQUIRE(loaded.has_value());
  const config::settings defaults;
  for (const config::setting& each : config::all_settings()) {
    INFO(full_name(each));
    if (full_name(each) != "store.path")
      CHECK(each.show(*loaded) == each.show(defaults));
  }
  CHECK(loaded->store.path == "/somewhere/state/deepseek-proxy");
  CHECK_FALSE(loaded->prices.models.empty());
}

TEST_CASE("settings: the names that the rest of the world relies on, with their defaults") {
  const config::settings s;
  CHECK(s.server.listen == "127.0.0.1:8080");
  CHECK(s.admin.listen == "127.0.0.1:8081");
  CHECK(s.admin.key.text == "env:DEEPSEEK_ADMIN_KEY");
  CHECK(s.upstream.url == "https://api.deepseek.com");
  CHECK(s.upstream.key.text == "env:DEEPSEEK_API_KEY");
  CHECK(s.server.on_disconnect == "drain");
  CHECK(s.server.trusted_proxies.empty());
  CHECK(s.server.request_lifetime_max == std::chrono::minutes{30});
  CHECK(s.store.kind == "embedded");
  CHECK(s.store.on_loss == "deny");
}

TEST_CASE("settings: the example file is accepted as it is, and changes nothing") {
  const variable state("XDG_STATE_HOME", "/somewhere/state");
  const auto as_is = load_text(config::example_file());
  REQUIRE(as_is.has_value());
  const auto uncommented = load_text(every_setting_uncommented());
  INFO((uncommented ? "" : uncommented.error().message));
  REQUIRE(uncommented.has_value());
  const auto without = config::load(std::nullopt);
  REQUIRE(without.has_value());
  for (const config::setting& each : config::all_settings()) {
    INFO(full_name(each));
    CHECK(each.show(*as_is) == each.show(*without));
    CHECK(each.show(*uncommented) == each.show(*without));
  }
}

TEST_CASE("settings: the example file has every setting once, under its section") {
  const std::string example = config::example_file();
  for (const config::setting& each : config::all_settings()) {
    INFO(full_name(each));
    const std::size_t section = example.find(fmt::format("\n[{}]\n", each.section));
    REQUIRE(section != std::string::npos);
    const std::size_t end = std::min(example.find("\n[", section + 2), example.size());
    const std::string line = fmt::format("\n# {} = ", each.name);
    const std::size_t at = example.find(line, section);
    CHECK(at < end);
    CHECK(example.find(line, at + 1) >= end);
    CHECK(has(example, each.prose));
  }
}

TEST_CASE("settings: no two have one name, and each says what it is and accepts") {
  std::set<std::string> names;
  for (const config::setting& each : config::all_settings()) {
    INFO(full_name(each));
    CHECK(names.insert(full_name(each)).second);
    CHECK(each.prose.ends_with('.'));
    CHECK_FALSE(each.accepts.empty());
  }
}

TEST_CASE("settings: a number is taken at its bounds and refused one beyond") {
  int numbers = 0;
  for (const config::setting& each : config::all_settings()) {
    const auto bounds = bounds_of(each);
    if (!bounds)
      continue;
    ++numbers;
    INFO(full_name(each));
    for (const long long value : {bounds->first, bounds->second}) {
      config::settings s;
      config::node node;
      node.value = std::int64_t{value};
      CHECK_FALSE(each.put(s, node).has_value());
      CHECK(each.show(s) == std::to_string(value));
    }
    for (const long long value : {bounds->first - 1, bounds->second + 1})
      CHECK(complaint_of(file_with(each, std::to_string(value))) ==
            told(each, fmt::format("{} is out of range", value)));
  }
  CHECK(numbers >= 25);
}

TEST_CASE("settings: the default of a number is within its bounds") {
  const config::settings defaults;
  for (const config::setting& each : config::all_settings())
    if (const auto bounds = bounds_of(each)) {
      INFO(full_name(each));
      const long long value = std::stoll(each.show(defaults));
      CHECK(value >= bounds->first);
      CHECK(value <= bounds->second);
    }
}

TEST_CASE("settings: a decimal is taken at its bounds and refused beyond") {
  int decimals = 0;
  for (const config::setting& each : config::all_settings()) {
    const auto bounds = decimal_bounds_of(each);
    if (!bounds)
      continue;
    ++decimals;
    INFO(full_name(each));
    for (const double value : {bounds->first, bounds->second}) {
      config::settings s;
      config::node node;
      node.value = value;
      CHECK_FALSE(each.put(s, node).has_value());
      CHECK(each.show(s) == fmt::format("{}", value));
    }
    config::settings s;
    config::node whole;
    whole.value = std::int64_t{1} + static_cast<std::int64_t>(bounds->first);
    if (static_cast<double>(*whole.as<std::int64_t>()) <= bounds->second) {
      CHECK_FALSE(each.put(s, whole).has_value());
      CHECK(each.show(s) == std::to_string(*whole.as<std::int64_t>()));
    }
    for (const double value : {bounds->first - 0.0005, bounds->second + 0.5})
      CHECK(complaint_of(file_with(each, fmt::format("{}", value))) ==
            told(each, fmt::format("{} is out of range", value)));
    CHECK(complaint_of(file_with(each, "nan")) == told(each, "nan is out of range"));
    CHECK(complaint_of(file_with(each, "-inf")) == told(each, "-inf is out of range"));
  }
  CHECK(decimals >= 3);
}

TEST_CASE("settings: the default of a decimal is within its bounds") {
  const config::settings defaults;
  for (const config::setting& each : config::all_settings())
    if (const auto bounds = decimal_bounds_of(each)) {
      INFO(full_name(each));
      CHECK(std::stod(each.show(defaults)) >= bounds->first);
      CHECK(std::stod(each.show(defaults)) <= bounds->second);
    }
}

TEST_CASE("settings: a switch is on or off") {
  int switches = 0;
  for (const config::setting& each : config::all_settings()) {
    if (!is_switch(each))
      continue;
    ++switches;
    INFO(full_name(each));
    for (const bool on : {true, false}) {
      config::settings s;
      config::node node;
      node.value = on;
      CHECK_FALSE(each.put(s, node).has_value());
      CHECK(each.show(s) == (on ? "true" : "false"));
    }
  }
  CHECK(switches >= 1);
}

TEST_CASE("settings: a value of another kind is refused with file, line, name and value") {
  const auto refusal = [](const config::setting& each, const std::string& value,
                          const std::string& expected) {
    INFO(full_name(each) << " = " << value);
    CHECK(complaint_of(file_with(each, value)) == told(each, expected));
  };
  for (const config::setting& each : config::all_settings()) {
    INFO(full_name(each));
    if (bounds_of(each)) {
      refusal(each, "\"many\"", "expected a whole number, not a string: \"many\"");
      refusal(each, "1.5", "expected a whole number, not a number: 1.5");
      refusal(each, "true", "expected a whole number, not true or false: true");
      continue;
    }
    if (decimal_bounds_of(each)) {
      refusal(each, "\"many\"", "expected a number, not a string: \"many\"");
      refusal(each, "true", "expected a number, not true or false: true");
      refusal(each, "[]", "expected a number, not a list");
      continue;
    }
    if (is_switch(each)) {
      refusal(each, "\"on\"", "expected true or false, not a string: \"on\"");
      refusal(each, "1", "expected true or false, not a whole number: 1");
      refusal(each, "{}", "expected true or false, not a table");
      continue;
    }
    if (each.name == "receiver") { // not a word or a list of them: receiver_test.cpp
      const std::string tables = "expected at most 16 tables, each begun with [[alerts.receiver]]";
      refusal(each, "\"many\"", tables + ", not a string");
      refusal(each, "{}", tables + ", not a table");
      continue;
    }
    const std::string said = complaint_of(file_with(each, "7000000007"));
    CHECK(has(said, fmt::format("proxy.toml:2: {}: expected a ", full_name(each))));
    CHECK(has(said, fmt::format("(accepts {})", each.accepts)));
    const bool is_secret = each.name == "key" || each.name.ends_with("password");
    CHECK(has(said, "7000000007") != is_secret);
    CHECK(has(complaint_of(file_with(each, "{}")), "not a table"));
    CHECK(has(complaint_of(file_with(each, "2026-01-01")), "not a time"));
  }
}

TEST_CASE("settings: a word that is none of a choice's is named, with the choices") {
  CHECK(complaint_of("[server]\non_disconnect = \"explode\"") ==
        "proxy.toml:2: server.on_disconnect: \"explode\" is not known (accepts \"drain\" or "
        "\"cancel\")");
  CHECK(complaint_of("[log]\nlevel = \"INFO\"") ==
        "proxy.toml:2: log.level: \"INFO\" is not known (accepts \"debug\" or \"info\" or \"warn\" "
        "or \"error\")");
  for (const std::string word : {"drain", "cancel"}) {
    const auto loaded = load_text("[server]\non_disconnect = \"" + word + "\"");
    REQUIRE(loaded.has_value());
    CHECK(loaded->server.on_disconnect == word);
  }
}

TEST_CASE("settings: trusted proxies are addresses and networks, each named when it is neither") {
  const auto loaded =
      load_text("[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"2001:db8::/32\", \"192.0.2.1\"]");
  REQUIRE(loaded.has_value());
  REQUIRE(loaded->server.trusted_proxies.size() == 3);
  CHECK(loaded->server.trusted_proxies[0].contains(*policies::access::parse_ip("10.9.8.7")));
  CHECK_FALSE(loaded->server.trusted_proxies[2].contains(*policies::access::parse_ip("192.0.2.2")));

  CHECK(complaint_of("[server]\ntrusted_proxies = [\"10.0.0.1/8\"]") ==
        "proxy.toml:2: server.trusted_proxies: 10.0.0.1/8 has host bits set; did you mean "
        "10.0.0.0/8? (accepts a list of addresses and networks)");
  CHECK(has(complaint_of("[server]\ntrusted_proxies = [\"balancer\"]"), "\"balancer\" is no IPv4"));
  CHECK(has(complaint_of("[server]\ntrusted_proxies = \"10.0.0.0/8\""),
            "expected a list of addresses and networks, not a string: \"10.0.0.0/8\""));
  CHECK(has(complaint_of("[server]\ntrusted_proxies = [10]"),
            "expected a list of strings, not a whole number: 10"));
}

TEST_CASE("settings: what was put is what is shown, also with quotes and control characters") {
  for (const config::setting& each : config::all_settings()) {
    if (each.name != "ca_file")
      continue;
    config::settings s;
    config::node node;
    node.value = std::string("/a \"b\" \\c\n\x01\x7f/\xc3\xa9");
    REQUIRE_FALSE(each.put(s, node).has_value());
    const auto again = config::parse_toml("x = " + each.show(s), "shown");
    REQUIRE(again.has_value());
    CHECK(*again->find("x")->as<std::string>() == *node.as<std::string>());
  }
}
