// The price table from TOML: every digit kept, dates and hours as written.
#include <fmt/format.h>

#include "policies/pricing/peak.hpp"
#include "tests/proxy/config/support.hpp"

using namespace config_test;
using namespace std::chrono;
using policies::instant;
using policies::pico_usd;
using policies::pricing::price_data;

namespace {

price_data read(const std::string& toml) {
  auto parsed = config::parse_prices(toml, "prices.toml");
  INFO((parsed ? "" : parsed.error().message));
  REQUIRE(parsed.has_value());
  return std::move(*parsed);
}

const std::string model = R"([[model]]
name = "m"
off_peak = { cache_hit = "0.003625", cache_miss = "0.435", output = "0.87" }
)";

instant at(int y, unsigned m, unsigned d, int hour = 0, int minute = 0) {
  return sys_days{year{y} / month{m} / day{d}} + hours{hour} + minutes{minute};
}

} // namespace

TEST_CASE("prices: dollars per million tokens are pico-dollars a token, to the last digit") {
  struct row {
    const char* text;
    std::int64_t pico;
  };
  for (const row& each :
       {row{"0", 0}, row{"0.0", 0}, row{"0.000001", 1}, row{"0.003625", 3625}, row{"0.15", 150'000},
        row{"0.1", 100'000}, row{"0.3", 300'000}, row{"1.10", 1'100'000}, row{"1", 1'000'000},
        row{"00.5", 500'000}, row{"2.675", 2'675'000}, row{"0.000007", 7},
        row{"999999.999999", 999'999'999'999}}) {
    INFO(each.text);
    const price_data data = read(fmt::format(
        "[[model]]\nname = \"m\"\noff_peak = {{ cache_hit = \"{0}\", cache_miss = \"1\", output = "
        "\"2\" }}\n",
        each.text));
    CHECK(data.models[0].off_peak.cache_hit == pico_usd{each.pico});
    CHECK(data.models[0].off_peak.cache_miss == pico_usd{1'000'000});
    CHECK(data.models[0].off_peak.output == pico_usd{2'000'000});
  }
}

TEST_CASE("prices: every price of six decimals comes out as the integer it is") {
  for (std::int64_t pico = 0; pico < 3'000'000; pico += 9'973) {
    const price_data data =
        read(fmt::format("[[model]]\nname = \"m\"\noff_peak = {{ cache_hit = \"{}.{:06}\", "
                         "cache_miss = \"0\", output = \"0\" }}\n",
                         pico / 1'000'000, pico % 1'000'000));
    REQUIRE(data.models[0].off_peak.cache_hit == pico_usd{pico});
  }
}

TEST_CASE("prices: dollars per 1000 calls are pico-dollars a call") {
  const price_data data = read(model + "[[call]]\nname = \"search\"\n"
                                       "usd_per_1000 = \"0.75\"\n"
                                       "[[call]]\nname = \"tiny\"\n"
                                       "usd_per_1000 = \"0.000000001\"\n"
                                       "[[call]]\nname = \"free\"\n"
                                       "usd_per_1000 = \"0\"\n");
  REQUIRE(data.calls.size() == 3);
  CHECK(data.calls[0].price == pico_usd{750'000'000});
  CHECK(data.calls[1].price == pico_usd{1});
  CHECK(data.calls[2].price == pico_usd{0});
}

TEST_CASE("prices: what is left out is for ever, and as dear at peak as off it") {
  const price_data data = read(model);
  CHECK(data.models[0].from == instant{instant::duration::min()});
  CHECK(data.models[0].until == instant{instant::duration::max()});
  CHECK(data.models[0].peak == data.models[0].off_peak);
  CHECK(data.models[0].peak_hours.empty());
  CHECK(data.peak.hours.empty());
  CHECK(data.peak.holidays_known_until == sys_days::max());
}

TEST_CASE("prices: dates of validity are instants, in whatever offset they are written") {
  const price_data data =
      read("[[model]]\nname = \"m\"\nfrom = 2026-09-10T08:00:00+08:00\nuntil = "
           "2026-12-31T23:30:00-00:30\n"
           "off_peak = { cache_hit = \"0\", cache_miss = \"0\", output = \"0\" }\n"
           "[[call]]\nname = \"c\"\nusd_per_1000 = \"1\"\nfrom = 2026-01-01\nuntil = "
           "2026-01-02T00:00:01Z\n");
  CHECK(data.models[0].from == at(2026, 9, 10));
  CHECK(data.models[0].until == at(2027, 1, 1));
  CHECK(data.calls[0].from == at(2026, 1, 1));
  CHECK(data.calls[0].until == at(2026, 1, 2) + seconds{1});
}

TEST_CASE("prices: peak hours, holidays and working weekends as the calendar has them") {
  const price_data data = read(model + R"([peak]
hours = ["01:00-04:00", "22:30-24:00"]
since = 2026-08-16T16:00:00Z
holidays = [2026-10-01, 2026-10-02]
working_weekends = [2026-10-10]
holidays_known_until = 2027-01-01
)");
  REQUIRE(data.peak.hours.size() == 2);
  CHECK(data.peak.hours[0].from == 60);
  CHECK(data.peak.hours[0].until == 240);
  CHECK(data.peak.hours[1].from == 22 * 60 + 30);
  CHECK(data.peak.hours[1].until == 24 * 60);
  CHECK(data.peak.since == at(2026, 8, 16, 16));
  CHECK(data.peak.holidays == std::vector<sys_days>{2026y / October / 1, 2026y / October / 2});
  CHECK(data.peak.working_weekends == std::vector<sys_days>{2026y / October / 10});
  CHECK(data.peak.holidays_known_until == sys_days{2027y / January / 1});
}

TEST_CASE("prices: hours of a row's own") {
  const price_data data = read(R"([[model]]
name = "m"
off_peak = { cache_hit = "1", cache_miss = "2", output = "3" }
peak = { cache_hit = "4", cache_miss = "5", output = "6" }
peak_hours = ["00:30-16:30"]
)");
  REQUIRE(data.models[0].peak_hours.size() == 1);
  CHECK(data.models[0].peak_hours[0].from == 30);
  CHECK(data.models[0].peak_hours[0].until == 16 * 60 + 30);
  CHECK(data.models[0].peak.output == pico_usd{6'000'000});
}

TEST_CASE("prices: the table built in says what the models cost today") {
  auto parsed = config::parse_prices(config::built_in_prices(), "built-in prices");
  INFO((parsed ? "" : parsed.error().message));
  REQUIRE(parsed.has_value());
  const policies::pricing::price_table table(std::move(*parsed));
  const instant monday_peak = at(2026, 11, 23, 3, 59), monday_off = at(2026, 11, 23, 4, 0);
  CHECK(table.is_peak(monday_peak));
  CHECK_FALSE(table.is_peak(monday_off));
  CHECK_FALSE(table.is_peak(at(2026, 10, 1, 2)));  // National Day
  CHECK_FALSE(table.is_peak(at(2026, 11, 22, 2))); // a Sunday
  CHECK(table.at("deepseek-flash", monday_off) ==
        policies::pricing::token_price{pico_usd{3'000}, pico_usd{150'000}, pico_usd{600'000}});
  CHECK(table.at("deepseek-flash", monday_peak) ==
        policies::pricing::token_price{pico_usd{6'000}, pico_usd{300'000}, pico_usd{1'200'000}});
  CHECK(table.at("deepseek-v4-pro", monday_peak)->output == pico_usd{3'960'000});
  CHECK(table.at("deepseek-chat", at(2025, 10, 1))->cache_miss == pico_usd{560'000});
  CHECK(table.call_price("search", monday_off, monday_off) == pico_usd{750'000'000});
  CHECK(table.call_price("ocr", monday_off, monday_off) == pico_usd{0});
}

TEST_CASE("prices: a file beside the configuration replaces the table built in") {
  const directory here;
  const auto file = here.write("prices.toml", model);
  const auto loaded = load_text("[limits]\nprices = \"" + file.string() + "\"\n");
  REQUIRE(loaded.has_value());
  REQUIRE(loaded->prices.models.size() == 1);
  CHECK(loaded->prices.models[0].model == "m");
}
