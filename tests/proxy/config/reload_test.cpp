// A configuration read again: what takes effect at once, what is told to take a restart, and that
// nothing else moves.
#include "proxy/config/reload.hpp"
#include "tests/proxy/config/support.hpp"

using namespace config_test;

namespace {

config::settings settings_of(const std::string& text) {
  const auto loaded = load_text(text);
  INFO((loaded ? "" : loaded.error().message));
  REQUIRE(loaded.has_value());
  return *loaded;
}

using names = std::vector<std::string>;

std::string full_name(const config::setting& each) {
  return std::string(each.section) + "." + std::string(each.name);
}

// Another value than the one it has, as TOML; empty: it has but one.
std::string another_value(const config::setting& which, const config::settings& now) {
  const std::string shown = which.show(now);
  const std::string& bounds = which.accepts; // "1 to 64"
  const std::string least = bounds.substr(0, bounds.find(' '));
  const std::string most = bounds.substr(bounds.rfind(' ') + 1);
  for (const std::string& candidate :
       {least, most, std::string{"true"}, std::string{"false"}, std::string{"[]"},
        std::string{"[\"10.0.0.0/8\"]"}, std::string{"[\"daily\"]"}, std::string{"\"127.0.0.1:9\""},
        std::string{"\"env:OTHER\""}, std::string{"\"http://127.0.0.1:9\""},
        std::string{"\"/elsewhere\""}, std::string{"\"word\""}, std::string{"[\"env:OTHER\"]"},
        std::string{"\"redis://other\""}}) {
    const auto parsed = config::parse_toml("x = " + candidate, "candidate");
    config::settings s = now;
    if (parsed && !which.put(s, *parsed->find("x")) && which.show(s) != shown)
      return candidate;
  }
  return {};
}

} // namespace

TEST_CASE("reload: the same file changes nothing") {
  const config::settings running = settings_of("[server]\nidle_timeout_s = 30\n");
  const auto next = config::reload(running, running);
  CHECK(next.changed.empty());
  CHECK(next.deferred.empty());
}

TEST_CASE("reload: each setting by itself is taken or put off, as it says, and no other moves") {
  const config::settings running;
  std::size_t live = 0, deferred = 0;
  for (const config::setting& which : config::all_settings()) {
    INFO(full_name(which));
    const std::string value = another_value(which, running);
    if (which.name == "receiver")
      continue; // below
    REQUIRE_FALSE(value.empty());
    config::settings fresh = running;
    const auto parsed = config::parse_toml("x = " + value, "value");
    REQUIRE_FALSE(which.put(fresh, *parsed->find("x")).has_value());
    const auto next = config::reload(running, fresh);
    CHECK(next.changed == (which.live ? names{full_name(which)} : names{}));
    CHECK(next.deferred == (which.live ? names{} : names{full_name(which)}));
    for (const config::setting& each : config::all_settings()) {
      INFO(full_name(each));
      const bool moved = which.live && full_name(each) == full_name(which);
      CHECK(each.show(next.now) == each.show(moved ? fresh : running));
    }
    ++(which.live ? live : deferred);
  }
  CHECK(live >= 5);
  CHECK(deferred >= 20);
}

TEST_CASE("reload: receivers that were added, changed or taken away take a restart") {
  const std::string one = "[[alerts.receiver]]\nname = \"hook\"\nurl = \"https://hooks.test/x\"\n";
  const config::settings none = settings_of("");
  const config::settings with = settings_of(one);
  const config::settings quiet = settings_of(one + "quiet_hours = \"22:00-07:00\"\n");
  for (const auto& [running, fresh] :
       {std::pair{&none, &with}, std::pair{&with, &none}, std::pair{&with, &quiet}}) {
    const auto next = config::reload(*running, *fresh);
    CHECK(next.changed.empty());
    CHECK(next.deferred == names{"alerts.receiver"});
    CHECK(next.now.alerts.receivers.size() == running->alerts.receivers.size());
  }
  CHECK(config::reload(quiet, quiet).deferred.empty());
}

TEST_CASE("reload: what is in effect and what is put off are told apart in one file") {
  const config::settings running = settings_of("");
  const config::settings fresh =
      settings_of("[server]\nidle_timeout_s = 31\nlisten = \"127.0.0.1:9\"\n");
  const auto next = config::reload(running, fresh);
  CHECK(next.changed == names{"server.idle_timeout_s"});
  CHECK(next.deferred == names{"server.listen"});
  CHECK(next.now.server.listen == running.server.listen);
  CHECK(next.now.server.idle_timeout == std::chrono::seconds{31});
}
