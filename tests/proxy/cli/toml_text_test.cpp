// Whatever TOML can hold is written so that toml++ reads back the same.
#include <random>

#include "proxy/cli/toml_text.hpp"
#include "proxy/config/document.hpp"
#include "tests/support/catch.hpp"

using namespace proxy;
namespace json = boost::json;

namespace {

json::value read_back(const config::node& from) {
  return std::visit(
      [](const auto& held) -> json::value {
        using type = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<type, config::node::array>) {
          json::array out;
          for (const auto& each : held)
            out.push_back(read_back(each));
          return out;
        } else if constexpr (std::is_same_v<type, config::node::table>) {
          json::object out;
          for (const auto& [name, each] : held)
            out[name] = read_back(each);
          return out;
        } else if constexpr (std::is_same_v<type, policies::instant>) {
          return "an instant, which was not written";
        } else {
          return json::value(held);
        }
      },
      from.value);
}

json::value random_value(std::mt19937& draw, int depth) {
  static const char* const texts[] = {
      "",     "plain",     "a \"quoted\" \\ one", "line\nand\ttab", "\x01", "caf\xc3\xa9 \x7f",
      "none", "2027-01-01"};
  static const double numbers[] = {0.5, 5.0, 1e-9, 1e300, -2.25, 123456789012.0, 1e22};
  switch (std::uniform_int_distribution<int>(0, depth > 0 ? 5 : 3)(draw)) {
  case 0:
    return texts[draw() % std::size(texts)];
  case 1:
    return numbers[draw() % std::size(numbers)];
  case 2:
    return static_cast<std::int64_t>(draw()) - 1'000'000;
  case 3:
    return draw() % 2 == 0;
  case 4: {
    json::array out;
    for (unsigned i = draw() % 4; i > 0; --i)
      out.push_back(random_value(draw, depth - 1));
    return out;
  }
  default: {
    json::object out;
    for (unsigned i = draw() % 4; i > 0; --i)
      out[texts[draw() % std::size(texts)] + std::to_string(i)] = random_value(draw, depth - 1);
    return out;
  }
  }
}

} // namespace

TEST_CASE("toml_text: what is written is read back as it was") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 draw(seed);
  for (int i = 0; i < 500; ++i) {
    const json::value value = random_value(draw, 4);
    REQUIRE(cli::fits_toml(value));
    const std::string text =
        cli::toml_key("a key, \"odd\"") + " = " + cli::toml_value(value) + "\n";
    const auto parsed = config::parse_toml(text, "test");
    INFO(text << (parsed ? "" : parsed.error().message));
    REQUIRE(parsed.has_value());
    REQUIRE(read_back(*parsed->find("a key, \"odd\"")) == value);
  }
}

TEST_CASE("toml_text: what TOML has no word for is known") {
  CHECK_FALSE(cli::fits_toml(nullptr));
  CHECK_FALSE(cli::fits_toml(json::parse(R"({"a":[1,{"b":null}]})")));
  CHECK_FALSE(cli::fits_toml(json::parse("18446744073709551615")));
  CHECK(cli::fits_toml(json::parse("9223372036854775807")));
  CHECK(cli::toml_key("requests_per_minute") == "requests_per_minute");
  CHECK(cli::toml_key("gpt-4.1") == "\"gpt-4.1\"");
  CHECK(cli::toml_value(5.0) == "5.0");
  CHECK(cli::toml_value(json::object{}) == "{}");
}
