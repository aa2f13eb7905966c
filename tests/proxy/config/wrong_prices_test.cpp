// Price tables that are refused, each with its line and reason: a price misread is money lost.
#include <fmt/format.h>

#include "tests/proxy/config/support.hpp"

using namespace config_test;

namespace {

constexpr std::string_view off_peak =
    R"(off_peak = { cache_hit = "1", cache_miss = "2", output = "3" })";

std::string complaint_about(const std::string& toml) {
  const auto parsed = config::parse_prices(toml, "prices.toml");
  if (parsed)
    return "accepted";
  CHECK(parsed.error().code == proxy::errc::bad_configuration);
  return parsed.error().message;
}

// A table with one model and something more.
std::string with(std::string_view more) {
  return fmt::format("[[model]]\nname = \"m\"\n{}\n{}\n", off_peak, more);
}

} // namespace

TEST_CASE("wrong prices: the frame of these tests is itself right") {
  CHECK(complaint_about(with("")) == "accepted");
}

TEST_CASE("wrong prices: a table without a model prices nothing") {
  CHECK(complaint_about("") == "prices.toml: has no [[model]]");
  CHECK(complaint_about("[peak]\nhours = []\n") == "prices.toml: has no [[model]]");
}

TEST_CASE("wrong prices: a price that is no plain decimal is refused with its line") {
  for (const std::string text :
       {"-1",        "+1",      ".5",        "1.",       "1,5",  "1e3",    "0x10",
        " 1",        "1 ",      "1.2.3",     "1_000",    "free", "NaN",    "inf",
        "0.0000001", "1234567", "1234567.0", "\xd9\xa1", "$1",   "1.0 USD"}) {
    INFO(text);
    const std::string said =
        complaint_about(fmt::format("[[model]]\nname = \"m\"\n[model.off_peak]\n"
                                    "cache_hit = \"1\"\ncache_miss = \"{}\"\n"
                                    "output = \"3\"\n",
                                    text));
    CHECK(said == fmt::format("prices.toml:5: cache_miss: '{}' is no price: at most 6 digits, a "
                              "point, at most 6 digits",
                              text));
  }
  CHECK(
      complaint_about("[[model]]\nname = \"m\"\noff_peak = { cache_hit = \"\", cache_miss = \"2\", "
                      "output = \"3\" }\n") == "prices.toml:3: cache_hit is empty");
  CHECK(
      complaint_about(with("[[call]]\nname = \"c\"\nusd_per_1000 = \"0.0000000001\"")) ==
      "prices.toml:6: usd_per_1000: '0.0000000001' is no price: at most 6 digits, a point, at most "
      "9 digits");
}

TEST_CASE("wrong prices: a price that is a number has lost its digits already") {
  CHECK(complaint_about(
            "[[model]]\nname = \"m\"\noff_peak = { cache_hit = 0.1, cache_miss = \"2\", "
            "output = \"3\" }\n") == "prices.toml:3: cache_hit is to be a string, not a number");
  CHECK(complaint_about(with("[[call]]\nname = \"c\"\nusd_per_1000 = 1")) ==
        "prices.toml:6: usd_per_1000 is to be a string, not a whole number");
}

TEST_CASE("wrong prices: what is missing is named") {
  CHECK(complaint_about("[[model]]\nname = \"m\"\n") == "prices.toml:1: off_peak is missing");
  CHECK(complaint_about(fmt::format("[[model]]\n{}\n", off_peak)) ==
        "prices.toml:1: name is missing");
  CHECK(complaint_about(fmt::format("[[model]]\nname = \"\"\n{}\n", off_peak)) ==
        "prices.toml:2: name is empty");
  CHECK(complaint_about(
            "[[model]]\nname = \"m\"\noff_peak = { cache_hit = \"1\", output = \"3\" }\n") ==
        "prices.toml:3: cache_miss is missing");
  CHECK(complaint_about(with("peak = { cache_hit = \"1\", cache_miss = \"1\" }")) ==
        "prices.toml:4: output is missing");
  CHECK(complaint_about(with("[[call]]\nname = \"c\"")) ==
        "prices.toml:4: usd_per_1000 is missing");
}

TEST_CASE("wrong prices: a misspelt key is not passed over") {
  CHECK(complaint_about(with("peek = { cache_hit = \"9\", cache_miss = \"9\", output = \"9\" }")) ==
        "prices.toml:4: unknown key peek in [[model]]; did you mean peak?");
  CHECK(complaint_about(with("untill = 2026-01-01")) ==
        "prices.toml:4: unknown key untill in [[model]]; did you mean until?");
  CHECK(complaint_about(with("[[calls]]\nname = \"c\"")) ==
        "prices.toml:4: unknown key calls in a price table; did you mean call?");
  CHECK(complaint_about(with("[[call]]\nname = \"c\"\nusd_per_1000 = \"1\"\nfree = true")) ==
        "prices.toml:7: unknown key free in [[call]]; did you mean from?");
  CHECK(complaint_about(with("[peak]\nholiday = [2026-01-01]")) ==
        "prices.toml:5: unknown key holiday in [peak]; did you mean holidays?");
  CHECK(complaint_about(with("[[alias]]\nasked = \"a\"\nserves = [\"m\"]")) ==
        "prices.toml:6: unknown key serves in [[alias]]; did you mean served?");
  CHECK(complaint_about(
            "[[model]]\nname = \"m\"\noff_peak = { cache_hit = \"1\", cache_miss = \"2\", "
            "output = \"3\", input = \"4\" }\n") ==
        "prices.toml:3: unknown key input in off_peak; did you mean output?");
}

TEST_CASE("wrong prices: what should be a table or a list is not skipped") {
  CHECK(complaint_about("model = \"m\"") == "prices.toml:1: model is to be a list, not a string");
  CHECK(complaint_about("model = [1]") ==
        "prices.toml:1: [[model]] is to be a table, not a whole number");
  CHECK(complaint_about("[[model]]\nname = \"m\"\noff_peak = \"1\"\n") ==
        "prices.toml:3: off_peak is to be a table, not a string");
  CHECK(complaint_about(with("[[peak]]\nhours = []")) ==
        "prices.toml:4: [peak] is to be a table, not a list");
  CHECK(complaint_about(with("[peak]\nhours = \"01:00-04:00\"")) ==
        "prices.toml:5: hours is to be a list, not a string");
}

TEST_CASE("wrong prices: dates that are none, or the wrong way round") {
  CHECK(complaint_about(with("from = \"2026-01-01\"")) ==
        "prices.toml:4: from is to be a time, not a string");
  CHECK(complaint_about(with("from = 2026-01-02\nuntil = 2026-01-01")) ==
        "prices.toml:1: until is not after from");
  CHECK(complaint_about(with("from = 2026-01-01\nuntil = 2026-01-01")) ==
        "prices.toml:1: until is not after from");
  CHECK(complaint_about(with("[[call]]\nname = \"c\"\nusd_per_1000 = \"1\"\nfrom = 2026-01-02\n"
                             "until = 2026-01-01")) == "prices.toml:4: until is not after from");
  CHECK(has(complaint_about(with("from = 2026-02-30")), "prices.toml:4: not TOML: "));
  CHECK(complaint_about(with("[peak]\nholidays = [\"2026-01-01\"]")) ==
        "prices.toml:5: holidays is to be a list of dates");
  CHECK(complaint_about(with("[peak]\nworking_weekends = [20260101]")) ==
        "prices.toml:5: working_weekends is to be a list of dates");
  CHECK(complaint_about(with("[peak]\nsince = 5")) ==
        "prices.toml:5: since is to be a time, not a whole number");
}

TEST_CASE("wrong prices: hours that are none") {
  for (const std::string hours : {"24:01-24:02", "01:60-02:00", "1a:00-02:00", "-0:00-02:00",
                                  "00:00-0x:00", "01:0 -02:00", "25:00-26:00"}) {
    INFO(hours);
    CHECK(has(complaint_about(with("[peak]\nhours = [\"" + hours + "\"]")),
              "is no time of day like 01:00"));
  }
  for (const std::string hours : {"\"01:00\"", "\"01:00-4:00\"", "\"01:00 04:00\"", "1", "\"\""}) {
    INFO(hours);
    CHECK(complaint_about(with("[peak]\nhours = [" + hours + "]")) ==
          "prices.toml:5: hours: hours are written like \"01:00-04:00\"");
  }
  for (const std::string hours : {"04:00-01:00", "01:00-01:00", "22:00-02:00"})
    CHECK(complaint_about(with("[peak]\nhours = [\"" + hours + "\"]")) ==
          "prices.toml:5: hours: '" + hours + "' ends before it begins");
}

TEST_CASE("wrong prices: two rows of a model at one time") {
  const auto row = [](std::string_view dates) {
    return fmt::format("[[model]]\nname = \"m\"\n{}\n{}\n", off_peak, dates);
  };
  CHECK(complaint_about(row("") + row("from = 2026-01-01")) ==
        "prices.toml: two rows of 'm' overlap in time");
  CHECK(complaint_about(row("from = 2026-01-01") + row("until = 2026-01-01T00:00:01Z")) ==
        "prices.toml: two rows of 'm' overlap in time");
  CHECK(complaint_about(row("from = 2026-01-01") + row("until = 2026-01-01")) == "accepted");
}

TEST_CASE("wrong prices: peak prices that no hour would ever charge") {
  const std::string peak = "peak = { cache_hit = \"9\", cache_miss = \"9\", output = \"9\" }";
  CHECK(complaint_about(with(peak)) ==
        "prices.toml: 'm' has peak prices, but there are no hours of peak");
  CHECK(complaint_about(with(peak + "\npeak_hours = [\"01:00-02:00\"]")) == "accepted");
  CHECK(complaint_about(with(peak + "\n[peak]\nhours = [\"01:00-02:00\"]")) == "accepted");
}

TEST_CASE("wrong prices: aliases that lead nowhere, or twice") {
  const auto alias = [](std::string_view asked, std::string_view served) {
    return fmt::format("[[alias]]\nasked = \"{}\"\nserved = {}\n", asked, served);
  };
  CHECK(complaint_about(with(alias("a*", "[\"m\"]"))) == "accepted");
  CHECK(complaint_about(with(alias("*", "[\"m\"]"))) == "accepted");
  CHECK(complaint_about(with(alias("a", "[\"m\", \"n\"]"))) ==
        "prices.toml:6: served: 'n' is the name of no [[model]]");
  CHECK(complaint_about(with(alias("a", "[3]"))) ==
        "prices.toml:6: served: a whole number is the name of no [[model]]");
  CHECK(complaint_about(with(alias("a", "[]"))) == "prices.toml:4: served is missing or empty");
  CHECK(complaint_about(with(alias("a*b", "[\"m\"]"))) ==
        "prices.toml:5: asked may have a * at its end only");
  CHECK(complaint_about(with(alias("a", "[\"m\"]") + alias("a", "[\"m\"]"))) ==
        "prices.toml: 'a' has two [[alias]]");
}
