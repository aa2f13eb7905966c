// The price list by date and hour, against figures copied from the published table.
#include "bench/simulator/bill.hpp"
#include "bench/simulator/prices.hpp"
#include "tests/support/catch.hpp"

namespace {

using namespace simulator;

instant at(std::string_view text) {
  const auto when = parse_instant(text);
  REQUIRE(when);
  return *when;
}

std::int64_t output_rate(family model, std::string_view when) {
  return rates_at(price_list::table, model, at(when), known_holidays()).output;
}

} // namespace

TEST_CASE("simulator prices: peak hours begin and end on the exact millisecond") {
  const auto holidays = known_holidays();
  struct row {
    const char* when;
    bool peak;
  };
  const std::vector<row> rows = {
      {"2026-11-16T00:59:59.999Z", false}, {"2026-11-16T01:00:00Z", true},
      {"2026-11-16T03:59:59.999Z", true},  {"2026-11-16T04:00:00Z", false},
      {"2026-11-16T05:59:59.999Z", false}, {"2026-11-16T06:00:00Z", true},
      {"2026-11-16T09:59:59.999Z", true},  {"2026-11-16T10:00:00Z", false},
      {"2026-11-20T01:00:00Z", true},      {"2026-11-21T01:00:00Z", false},
      {"2026-11-22T01:00:00Z", false},     {"2026-10-01T01:00:00Z", false},
      {"2026-10-08T01:00:00Z", true},
  };
  for (const auto& r : rows) {
    INFO(r.when);
    CHECK(is_peak(at(r.when), holidays) == r.peak);
  }
  CHECK(is_peak(at("2026-10-01T01:00:00Z"), {}));
}

TEST_CASE("simulator prices: each price holds from its published instant on") {
  CHECK(output_rate(family::flash, "2026-04-23T23:59:59Z") == 420'000);
  CHECK(output_rate(family::flash, "2026-04-24T00:00:00Z") == 280'000);
  CHECK(output_rate(family::flash, "2026-08-14T02:00:00Z") == 280'000);
  CHECK(output_rate(family::flash, "2026-08-16T16:00:00Z") == 660'000);
  CHECK(output_rate(family::flash, "2026-08-17T02:00:00Z") == 1'320'000);
  CHECK(output_rate(family::flash, "2026-09-09T23:00:00Z") == 660'000);
  CHECK(output_rate(family::flash, "2026-09-10T00:00:00Z") == 600'000);
  CHECK(output_rate(family::flash, "2026-11-16T02:00:00Z") == 1'200'000);
  CHECK(output_rate(family::pro, "2026-05-01T00:00:00Z") == 870'000);
  CHECK(output_rate(family::pro, "2026-11-16T00:00:00Z") == 1'980'000);
  CHECK(output_rate(family::pro, "2026-11-16T09:00:00Z") == 3'960'000);
}

TEST_CASE(
    "simulator prices: a request costs hits, misses and output, rounded up to a nano-dollar") {
  request_record row;
  row.prompt_tokens = 1001;
  row.cached_tokens = 1;
  row.output_tokens = 10;
  row.billed_at = at("2026-11-16T00:00:00Z");
  price(row, price_list::table, family::pro, known_holidays());
  CHECK(row.cost_pico == 22'000 + 1000 * 660'000 + 10 * 1'980'000);
  CHECK(row.cost_nano == 679'822);
  CHECK(row.billed);

  request_record odd;
  odd.prompt_tokens = odd.cached_tokens = 1;
  odd.billed_at = at("2026-05-01T00:00:00Z");
  price(odd, price_list::table, family::pro, known_holidays());
  CHECK(odd.cost_pico == 3'625);
  CHECK(odd.cost_nano == 4);

  request_record flat;
  flat.prompt_tokens = 2'000'000;
  flat.cached_tokens = 1'000'000;
  flat.output_tokens = 1'000'000;
  flat.billed_at = at("2026-11-16T02:00:00Z");
  price(flat, price_list::flat, family::pro, known_holidays());
  CHECK(flat.cost_nano == 753'000'000);

  request_record call;
  call.calls = 1;
  price(call, price_list::table, family::flash, known_holidays());
  CHECK(call.cost_nano == 750'000);
}

TEST_CASE("simulator prices: instants are read with fraction and offset, and nothing else is") {
  CHECK(to_string(at("2026-11-16T00:59:59.25Z")) == "2026-11-16T00:59:59.250Z");
  CHECK(to_string(at("2026-11-16T08:30:00+08:00")) == "2026-11-16T00:30:00.000Z");
  CHECK(to_string(at("2024-02-29T23:59:59-01:30")) == "2024-03-01T01:29:59.000Z");
  for (const char* bad : {"", "2026-11-16", "2026-13-16T00:00:00Z", "2026-02-29T00:00:00Z",
                          "2026-11-16T24:00:00Z", "2026-11-16T00:00:00", "2026-11-16T00:00:00Zx",
                          "2026-11-16T00:00:00+8:00", "x026-11-16T00:00:00Z"}) {
    INFO(bad);
    CHECK_FALSE(parse_instant(bad));
  }
}

TEST_CASE(
    "simulator bill: totals survive rows that fall off, and a reset forgets running requests") {
  bill ledger(2);
  request_record row;
  row.model = "deepseek-flash";
  row.output_tokens = 1;
  std::vector<bill::place> places;
  for (int i = 0; i < 3; ++i)
    places.push_back(ledger.open(row));
  row.billed_at = at("2026-11-16T00:59:59.999Z");
  price(row, price_list::flat, family::flash, {});
  for (const auto& place : places) {
    ledger.charge(row, place);
    ledger.close(row, place);
  }
  CHECK(ledger.totals().billed.pico == 3 * 600'000);
  CHECK(ledger.totals().in_flight == 0);
  CHECK(ledger.totals().by_hour.size() == 1);
  REQUIRE(ledger.after(0, 10).size() == 2);
  CHECK(ledger.after(0, 10).front().seq == 2);
  CHECK(ledger.after(2, 10).size() == 1);
  CHECK(ledger.after(0, 1).size() == 1);

  const auto old = ledger.open(row);
  ledger.reset();
  ledger.charge(row, old);
  ledger.close(row, old);
  CHECK(ledger.totals().billed.requests == 0);
  CHECK(ledger.totals().in_flight == 0);
  CHECK(ledger.after(0, 10).empty());
}
