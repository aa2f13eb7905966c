// [[alerts.receiver]]: what each field accepts, what a kind cannot do without, and that what was
// read is shown whole, so that a reload sees what changed.
#include "tests/proxy/config/support.hpp"

using namespace config_test;
namespace insight = policies::insight;

namespace {

const std::string hook = "[[alerts.receiver]]\nname = \"hook\"\nurl = \"https://hooks.test/x\"\n";
const std::string mail = "[[alerts.receiver]]\nname = \"mail\"\nkind = \"email\"\n"
                         "url = \"smtp://mail.test\"\nfrom = \"a@b.test\"\nto = [\"c@d.test\"]\n";

const config::setting& receiver() {
  return *std::ranges::find_if(config::all_settings(), [](const config::setting& each) {
    return each.section == "alerts" && each.name == "receiver";
  });
}

// The complaint behind the setting's name, without what the setting accepts.
std::string problem_of(const std::string& text) {
  const std::string said = complaint_of(text);
  const std::string before = ": alerts.receiver: ";
  const std::size_t at = said.find(before), end = said.rfind(" (accepts ");
  return at == std::string::npos ? said : said.substr(at + before.size(), end - at - before.size());
}

std::vector<config::receiver_settings> receivers_in(const std::string& text) {
  const auto loaded = load_text(text);
  INFO((loaded ? "" : loaded.error().message));
  REQUIRE(loaded.has_value());
  return loaded->alerts.receivers;
}

const std::string every_field = R"(
[[alerts.receiver]]
name = "all_of-it"
kind = "email"
url = "smtps://mail.test:465"
secret = "env:MAIL_PASSWORD"
command = "unused"
user = "proxy"
from = "proxy@example.test"
to = ["a@example.test", "\"b\" <b@example.test>"]
ca_file = "/etc/ssl/mail.pem"
plain_smtp = true
severity_min = "warning"
keys = ["front", "back"]
quiet_hours = "22:00-07:30"
quiet_passes = "warning"
reports = ["daily", "monthly"]

[[alerts.receiver]]
name = "run"
kind = "command"
command = "logger -t deepseek"
)";

} // namespace

TEST_CASE("receiver: every field is kept as it is written") {
  const auto all = receivers_in(every_field);
  REQUIRE(all.size() == 2);
  const auto& r = all.front();
  CHECK(r.name == "all_of-it");
  CHECK(r.kind == config::receiver_kind::email);
  CHECK(r.url == "smtps://mail.test:465");
  CHECK(r.secret == "env:MAIL_PASSWORD");
  CHECK(r.command == "unused");
  CHECK(r.user == "proxy");
  CHECK(r.from == "proxy@example.test");
  CHECK(r.to == std::vector<std::string>{"a@example.test", "\"b\" <b@example.test>"});
  CHECK(r.ca_file == "/etc/ssl/mail.pem");
  CHECK(r.plain_smtp);
  CHECK(r.routes.least == insight::severity::warning);
  CHECK(r.routes.keys == std::vector<std::string>{"front", "back"});
  CHECK(r.routes.quiet == insight::quiet_hours{22 * 60, 7 * 60 + 30});
  CHECK(r.routes.passes_quiet == insight::severity::warning);
  CHECK(r.reports == std::vector<std::string>{"daily", "monthly"});
  CHECK(all[1].kind == config::receiver_kind::command);
  CHECK(all[1].command == "logger -t deepseek");
}

TEST_CASE("receiver: what is not said has its default") {
  const auto all = receivers_in(hook);
  REQUIRE(all.size() == 1);
  CHECK(all[0].kind == config::receiver_kind::webhook);
  CHECK(all[0].routes.least == insight::severity::info);
  CHECK(all[0].routes.passes_quiet == insight::severity::critical);
  CHECK_FALSE(all[0].routes.quiet);
  CHECK_FALSE(all[0].plain_smtp);
}

TEST_CASE("receiver: what is shown is read back as the same") {
  for (const std::string& text : {std::string{}, hook, mail, hook + mail, every_field}) {
    const auto loaded = load_text(text);
    REQUIRE(loaded.has_value());
    const std::string shown = receiver().show(*loaded);
    INFO(shown);
    const auto again = load_text("[alerts]\nreceiver = " + shown + "\n");
    REQUIRE(again.has_value());
    CHECK(again->alerts.receivers.size() == loaded->alerts.receivers.size());
    CHECK(receiver().show(*again) == shown);
  }
}

TEST_CASE("receiver: each field that differs is seen in what is shown") {
  config::receiver_settings plain;
  plain.name = "r";
  plain.url = "https://hooks.test";
  std::vector<config::receiver_settings> changed(15, plain);
  changed[0].name = "s";
  changed[1].kind = config::receiver_kind::slack;
  changed[2].url += "/x";
  changed[3].secret = "env:S";
  changed[4].command = "x";
  changed[5].user = "x";
  changed[6].from = "x@y";
  changed[7].to = {"x@y"};
  changed[8].ca_file = "x";
  changed[9].plain_smtp = true;
  changed[10].routes.least = insight::severity::critical;
  changed[11].routes.keys = {"k"};
  changed[12].routes.quiet = insight::quiet_hours{1, 2};
  changed[13].routes.passes_quiet = insight::severity::info;
  changed[14].reports = {"weekly"};
  config::settings before, after;
  before.alerts.receivers = {plain};
  for (const auto& one : changed) {
    after.alerts.receivers = {one};
    CHECK(receiver().show(before) != receiver().show(after));
  }
}

TEST_CASE("receiver: what is wrong is named with its line") {
  CHECK(problem_of(hook + "urll = \"x\"\n") == "line 4: urll: unknown; did you mean url?");
  CHECK(problem_of(hook + "kind = \"fax\"\n") ==
        R"(line 4: kind: "fax" is none of "webhook", "slack", "email", "command")");
  CHECK(problem_of(hook + "severity_min = \"loud\"\n") ==
        R"(line 4: severity_min: "loud" is none of "info", "warning", "critical")");
  CHECK(problem_of(hook + "quiet_passes = \"loud\"\n") ==
        R"(line 4: quiet_passes: "loud" is none of "info", "warning", "critical")");
  CHECK(problem_of(hook + "quiet_hours = \"at night\"\n") ==
        R"(line 4: quiet_hours: "at night" is not like "22:00-07:00" (UTC))");
  CHECK(problem_of(hook + "reports = [\"hourly\"]\n") ==
        R"(line 4: reports: "hourly" is none of "daily", "weekly", "monthly")");
  CHECK(problem_of(hook + "keys = \"front\"\n") ==
        R"(line 4: keys: expected a list of strings, not a string: "front")");
  CHECK(problem_of(hook + "to = [1]\n") ==
        "line 4: to: expected a list of strings, not a whole number: 1");
  CHECK(problem_of(hook + "plain_smtp = \"yes\"\n") ==
        R"(line 4: plain_smtp: expected true or false, not a string: "yes")");
  CHECK(problem_of(hook + "user = 5\n") == "line 4: user: expected a string, not a whole number");
  CHECK(problem_of(hook + hook) == R"(two are named "hook")");
  CHECK(problem_of("[alerts]\nreceiver = [1]\n") ==
        "expected a list of tables, each begun with [[alerts.receiver]], not a whole number");
}

TEST_CASE("receiver: a literal secret is refused without being repeated") {
  const std::string said = complaint_of(hook + "secret = \"hunter2hunter2\"\n");
  CHECK(has(said, "line 4: secret: a secret must not stand in this file"));
  CHECK_FALSE(has(said, "hunter2"));
}

TEST_CASE("receiver: no kind does without what it needs") {
  const std::string begun = "[[alerts.receiver]]\nname = \"r\"\n";
  CHECK(has(problem_of(begun), "line 1: url: expected http:// or https://"));
  CHECK(has(problem_of(begun + "url = \"ftp://x\"\n"), "line 1: url: expected http:// or"));
  CHECK(problem_of(begun + "url = \"env:SLACK_URL\"\n") == "accepted");
  CHECK(problem_of(begun + "kind = \"command\"\n") == "line 1: command: say what to run");
  CHECK(has(problem_of(begun + "kind = \"email\"\nurl = \"https://x\"\n"),
            "line 1: url: expected smtp://"));
  CHECK(has(problem_of(begun + "kind = \"email\"\nurl = \"smtp://x\"\nto = [\"a@b\"]\n"),
            "line 1: from and to: "));
  CHECK(has(problem_of(begun + "kind = \"email\"\nurl = \"smtp://x\"\nfrom = \"a@b\"\n"),
            "line 1: from and to: "));
  CHECK(has(problem_of(mail + "user = \"u\"\n"), "line 1: secret: say where the password"));
  CHECK(problem_of(mail + "user = \"u\"\nsecret = \"env:P\"\n") == "accepted");
}

TEST_CASE("receiver: a name is short and plain, and there are at most 16 of them") {
  const auto named = [](const std::string& name) {
    return "[[alerts.receiver]]\nname = \"" + name + "\"\nurl = \"https://x.test\"\n";
  };
  const std::string wrong = "line 1: name: 1 to 40 letters, digits, - and _";
  CHECK(problem_of(named(std::string(40, 'x'))) == "accepted");
  CHECK(problem_of(named("aZ09-_")) == "accepted");
  for (const std::string& name : {std::string{}, std::string(41, 'x'), std::string{"a/b"},
                                  std::string{"a b"}, std::string{"é"}})
    CHECK(problem_of(named(name)) == wrong);
  std::string all;
  for (int i = 0; i < 16; ++i)
    all += named("r" + std::to_string(i));
  CHECK(receivers_in(all).size() == 16);
  CHECK(has(problem_of(all + named("more")), "expected at most 16 tables, each begun with "));
}
