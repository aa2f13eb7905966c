// What a tap learns must not depend on how the bytes were cut.
#include "tests/policies/usage/answer_samples.hpp"
#include "tests/policies/usage/random_source.hpp"
#include "tests/support/catch.hpp"

using namespace policies::usage;

namespace {

void expect_facts(const answer_facts& seen, const answer_sample& sample) {
  INFO(sample.name);
  REQUIRE(seen.usage.has_value() == sample.facts.usage.has_value());
  if (seen.usage) {
    CHECK(seen.usage->cached.value == sample.facts.usage->cached.value);
    CHECK(seen.usage->prompt.value == sample.facts.usage->prompt.value);
    CHECK(seen.usage->output.value == sample.facts.usage->output.value);
    CHECK(seen.usage->reasoning.value == sample.facts.usage->reasoning.value);
  }
  CHECK(seen.model == sample.facts.model);
  CHECK(seen.finished == sample.facts.finished);
  CHECK(seen.is_error == sample.facts.is_error);
}

} // namespace

TEST_CASE("tap: each sample in one piece") {
  tap listener;
  for (const auto& sample : answer_samples())
    expect_facts(tapped(listener, sample, [&](std::size_t) { return sample.body.size(); }), sample);
}

TEST_CASE("tap: each sample byte by byte") {
  tap listener;
  for (const auto& sample : answer_samples())
    expect_facts(tapped(listener, sample, [](std::size_t) { return std::size_t{1}; }), sample);
}

TEST_CASE("tap: each sample cut in two at every place") {
  tap listener;
  for (const auto& sample : answer_samples()) {
    for (std::size_t cut = 1; cut < sample.body.size(); ++cut) {
      const auto seen = tapped(listener, sample, [&](std::size_t at) {
        return at == 0 ? cut : sample.body.size() - cut;
      });
      if (!same(seen, sample.facts)) {
        INFO("cut at " << cut);
        expect_facts(seen, sample);
      }
    }
  }
  SUCCEED();
}

TEST_CASE("tap: each sample in random pieces") {
  constexpr std::uint64_t seed = 113;
  random_source random{seed};
  tap listener;
  for (int round = 0; round < 300; ++round) {
    for (const auto& sample : answer_samples()) {
      const std::size_t longest = 1 + random.below(200);
      const auto seen =
          tapped(listener, sample, [&](std::size_t) { return 1 + random.below(longest); });
      if (!same(seen, sample.facts)) {
        INFO("seed " << seed << ", round " << round);
        expect_facts(seen, sample);
      }
    }
  }
  SUCCEED();
}

TEST_CASE("tap: LF and CRLF streams, with and without a space after the colon, say the same") {
  tap listener;
  for (answer_sample sample : answer_samples()) {
    if (sample.kind != tap::kind::sse || sample.body.find('\r') != std::string::npos)
      continue;
    for (std::size_t at = 0; (at = sample.body.find('\n', at)) != std::string::npos; at += 2)
      sample.body.replace(at, 1, "\r\n");
    for (std::size_t at = 0; (at = sample.body.find("\ndata: ", at)) != std::string::npos; ++at)
      sample.body.erase(at + 6, 1);
    expect_facts(tapped(listener, sample, [&](std::size_t) { return sample.body.size(); }), sample);
    for (std::size_t cut = 1; cut < sample.body.size(); ++cut) {
      const auto seen = tapped(listener, sample, [&](std::size_t at) {
        return at == 0 ? cut : sample.body.size() - cut;
      });
      if (!same(seen, sample.facts))
        expect_facts(seen, sample);
    }
  }
}

TEST_CASE("tap: a stream that ends without its last blank line still counts") {
  tap listener;
  for (answer_sample sample : answer_samples()) {
    if (sample.kind != tap::kind::sse)
      continue;
    while (sample.body.ends_with('\n') || sample.body.ends_with('\r')) {
      sample.body.pop_back();
      expect_facts(tapped(listener, sample, [](std::size_t) { return std::size_t{7}; }), sample);
    }
  }
}
