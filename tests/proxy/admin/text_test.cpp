// Instants, amounts and names as texts.
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/suggestion.hpp"
#include "tests/support/catch.hpp"

namespace admin = proxy::admin;
namespace json = boost::json;
using policies::instant;
using policies::milliseconds;

TEST_CASE("admin text: amounts are plain decimals that read back exactly") {
  for (const auto& [nano, text] : {std::pair{std::int64_t{0}, "0"},
                                   {1, "0.000000001"},
                                   {50'000'000, "0.05"},
                                   {1'234'567'891, "1.234567891"},
                                   {999'999'999'999'999, "999999.999999999"},
                                   {1'000'000'000'000'000, "1000000"}}) {
    const std::string written = admin::text_of(json::value(admin::usd(policies::nano_usd{nano})));
    CHECK(written == text);
    CHECK(std::llround(std::stod(written) * 1e9) == nano);
  }
  CHECK(admin::text_of(json::value(1e300)) == "1e+300");
  CHECK(admin::text_of(json::value(-0.25)) == "-0.25");
  CHECK(admin::text_of(json::value(std::numeric_limits<double>::infinity())) == "0");
  CHECK(admin::text_of(json::parse(R"({"a\n\"":[1,{"b":[]},"ä",null,true],"c":{}})")) ==
        R"({"a\n\"":[1,{"b":[]},"ä",null,true],"c":{}})");
}

TEST_CASE("admin text: instants are read with any offset and written in UTC") {
  const auto at = [](std::string_view text) -> std::string {
    const auto parsed = admin::parse_rfc3339(text);
    return parsed ? admin::rfc3339(*parsed) : "none";
  };
  CHECK(at("2027-01-31T23:59:59Z") == "2027-01-31T23:59:59Z");
  CHECK(at("2027-01-31t23:59:59.5z") == "2027-01-31T23:59:59.500Z");
  CHECK(at("2027-01-31T23:59:59.1239999-08:00") == "2027-02-01T07:59:59.123Z");
  CHECK(at("2024-02-29 00:00:00+05:30") == "2024-02-28T18:30:00Z");
  CHECK(at("1970-01-01T00:00:00Z") == "1970-01-01T00:00:00Z");
  CHECK(at("9999-12-31T23:59:59.999Z") == "9999-12-31T23:59:59.999Z");
  for (const char* bad :
       {"", "2027", "2027-01-31", "2027-01-31T24:00:00Z", "2027-01-31T23:60:00Z",
        "2027-13-01T00:00:00Z", "2027-00-01T00:00:00Z", "2027-04-31T00:00:00Z",
        "2027-01-31T23:59:59", "2027-01-31T23:59:59+1", "2027-01-31T23:59:59.Z",
        "2027-01-31T23:59:59ZZ", "2027-01-31T23:59:59+24:00", "+027-01-31T23:59:59Z",
        "1969-12-31T23:59:59Z", "2027-01-31T23:59:59Z ", "20270131T235959Z"}) {
    INFO(bad);
    CHECK(at(bad) == "none");
  }
}

TEST_CASE("admin text: what messages repeat is short, printable and whole characters") {
  CHECK(admin::shown("short") == "short");
  CHECK(admin::shown("a\r\nb\x7f") == "a??b?");
  CHECK(admin::shown(std::string(80, 'x')) == std::string(80, 'x'));
  CHECK(admin::shown(std::string(81, 'x')) == std::string(80, 'x') + "...");
  std::string umlauts = "x";
  for (int i = 0; i < 60; ++i)
    umlauts += "ä";
  const std::string cut = admin::shown(umlauts);
  CHECK(cut.starts_with("xää"));
  CHECK(cut == umlauts.substr(0, 79) + "…");
}

TEST_CASE("admin text: the nearest known name is suggested, or all of them told") {
  const std::array<std::string_view, 3> known{"models", "metadata", "name"};
  CHECK(admin::suggestion("model", known) == "; did you mean 'models'?");
  CHECK(admin::suggestion("meatdata", known) == "; did you mean 'metadata'?");
  CHECK(admin::suggestion("zzzzzzzzz", known) == "; known are models, metadata, name");
  CHECK(admin::suggestion(std::string(10'000, 'm'), known) == "; known are models, metadata, name");
  CHECK(admin::suggestion("x", {}) == "; there is none here");
}
