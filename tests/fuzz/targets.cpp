// The list of targets, and how one fails.
#include "tests/fuzz/target.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace fuzz {
namespace {

constexpr auto targets = std::to_array<target>({
    {"request_head", request_head},
    {"response_head", response_head},
    {"chunked_body", chunked_body},
    {"json_inspection", json_inspection},
    {"answer_tap", answer_tap},
    {"configuration", configuration, 3'000},
    {"price_table", price_table, 2'000},
    {"key_secret", key_secret},
    {"admin_body", admin_body, 5'000},
    {"journal_file", journal_file, 400},
    {"redis_reply", redis_reply, 10'000},
});

} // namespace

std::span<const target> all_targets() {
  return targets;
}

const target* target_named(std::string_view name) {
  const auto* const found = std::ranges::find(targets, name, &target::name);
  return found == targets.end() ? nullptr : found;
}

void claim(bool holds, std::string_view what) {
  if (holds)
    return;
  std::fprintf(stderr, "fuzz: it does not hold that %.*s\n", static_cast<int>(what.size()),
               what.data());
  std::abort();
}

} // namespace fuzz
