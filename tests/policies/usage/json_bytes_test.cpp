// The sixteen-at-a-time searches against the one-at-a-time ones: every length, every place.
#include <string>

#include "policies/usage/json_bytes.hpp"
#include "tests/support/catch.hpp"

using namespace policies::usage::json;

namespace {

template <class Match>
void agrees(const std::string& text) {
  for (std::size_t from = 0; from <= text.size(); ++from) {
    const char* at = text.data() + from;
    const char* end = text.data() + text.size();
    REQUIRE(find_first<Match>(at, end) == find_first_scalar<Match>(at, end));
  }
}

template <class Match>
void agrees_on_every_byte_everywhere() {
  for (const std::size_t length : {1U, 15U, 16U, 17U, 31U, 63U, 64U, 65U, 80U, 150U}) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(length, 'a');
      text[length * static_cast<std::size_t>(byte) / 256] = static_cast<char>(byte);
      agrees<Match>(text);
    }
    for (std::size_t place = 0; place < length; ++place) {
      std::string text(length, 'a');
      text[place] = '"';
      agrees<Match>(text);
    }
  }
}

} // namespace

TEST_CASE("json_bytes: wide and narrow search agree on what stops a strict string") {
  agrees_on_every_byte_everywhere<string_stop>();
}

TEST_CASE("json_bytes: wide and narrow search agree on what edges a string") {
  agrees_on_every_byte_everywhere<string_edge>();
}

TEST_CASE("json_bytes: wide and narrow search agree on what changes the depth") {
  agrees_on_every_byte_everywhere<structure_edge>();
}

TEST_CASE("json_bytes: each search stops at its bytes and at no other") {
  std::string strict, edges, structure;
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<unsigned char>(byte);
    if (string_stop::hit(c) != (c < 0x20 || c > 0x7F || c == '"' || c == '\\'))
      strict += static_cast<char>(c);
    if (string_edge::hit(c))
      edges += static_cast<char>(c);
    if (structure_edge::hit(c))
      structure += static_cast<char>(c);
  }
  CHECK(strict.empty());
  CHECK(edges == "\"\\");
  CHECK(structure == "\"[]{}");
}
