// A tap against the slow parser: random answers full of decoys, in random pieces, must cost what
// parsing every document whole says they cost.
#include <algorithm>

#include "policies/usage/tap.hpp"
#include "tests/policies/usage/answer_samples.hpp"
#include "tests/policies/usage/random_source.hpp"
#include "tests/policies/usage/slow_tap.hpp"
#include "tests/support/catch.hpp"

using namespace policies::usage;
using slow_json::slow_tap;

namespace {

const std::vector<std::string> names{"usage",
                                     "usage",
                                     "usage",
                                     "model",
                                     "type",
                                     "type",
                                     "error",
                                     "response",
                                     "message",
                                     "choices",
                                     "prompt_tokens",
                                     "completion_tokens",
                                     "input_tokens",
                                     "output_tokens",
                                     "cached_tokens",
                                     "prompt_tokens_details",
                                     "input_tokens_details",
                                     "completion_tokens_details",
                                     "output_tokens_details",
                                     "reasoning_tokens",
                                     "prompt_cache_hit_tokens",
                                     "cache_read_input_tokens",
                                     "cache_creation_input_tokens",
                                     "us\\u0061ge",
                                     "usage ",
                                     "Usage",
                                     ""};
const std::vector<std::string> scalars{"0",
                                       "1",
                                       "7",
                                       "40",
                                       "1099511627776",
                                       "1099511627777",
                                       "-1",
                                       "1.5",
                                       "2e3",
                                       "null",
                                       "null",
                                       "true",
                                       "\"\"",
                                       "\"m\"",
                                       "\"deepseek\\/flash\"",
                                       "\"message_start\"",
                                       "\"message_delta\"",
                                       "\"message_delta\"",
                                       "\"message_stop\"",
                                       "\"error\"",
                                       "\"response.completed\"",
                                       "\"response.incomplete\"",
                                       "\"{\\\"usage\\\":{\\\"prompt_tokens\\\":1}}\"",
                                       "\"\\\\\"",
                                       "\"}]\\u0041\\u007e\"",
                                       "\"a \\\"usage\\\": 5 b\""};

std::string spaces(random_source& random) {
  return random.one_in(8) ? std::string(1, " \t"[random.below(2)]) : "";
}

std::string value(random_source& random, int depth);

// A usage object that is mostly sane.
std::string usage(random_source& random, body_format format) {
  const bool chat = format != body_format::responses && format != body_format::anthropic;
  const auto number = [&] {
    return random.one_in(9) ? random.pick(scalars) : std::to_string(random.below(500));
  };
  std::string out = "{";
  out += chat ? "\"prompt_tokens\":" : "\"input_tokens\":";
  out += number() + spaces(random);
  if (random.one_in(2))
    out += ",\"prompt_cache_hit_tokens\" :" + number();
  if (random.one_in(2))
    out += ",\"cache_read_input_tokens\":" + number();
  if (random.one_in(3))
    out += ",\"" + std::string{chat ? "prompt" : "input"} + "_tokens_details\":" +
           (random.one_in(4) ? value(random, 3) : "{\"cached_tokens\":" + number() + "}");
  if (random.one_in(3))
    out += ",\"" + std::string{chat ? "completion" : "output"} +
           "_tokens_details\":{\"reasoning_tokens\":" + number() + "}";
  if (!random.one_in(6))
    out += (chat ? ",\"completion_tokens\": " : ",\"output_tokens\": ") + number();
  return out + "}";
}

std::string object(random_source& random, int depth, body_format format) {
  std::string out = "{";
  for (std::size_t left = random.below(6); left != 0; --left) {
    const std::string& name = random.pick(names);
    const bool sane = name == "usage" && !random.one_in(4);
    out += (out.size() > 1 ? "," : "") + spaces(random) + "\"" + name + "\"" + spaces(random) +
           ":" + spaces(random);
    if (sane)
      out += usage(random, format);
    else if ((name == "response" || name == "message") && depth < 4)
      out += object(random, depth + 1, format);
    else
      out += value(random, depth + 1);
  }
  return out + spaces(random) + "}";
}

std::string value(random_source& random, int depth) {
  const std::size_t kind = random.below(depth < 5 ? 6 : 4);
  if (kind < 4)
    return random.pick(scalars);
  if (kind == 4)
    return object(random, depth, body_format::chat);
  std::string out = "[";
  for (std::size_t left = random.below(4); left != 0; --left)
    out += (out.size() > 1 ? "," : "") + value(random, depth + 1);
  return out + "]";
}

void expect_same(const answer_facts& seen, const answer_facts& expected) {
  CHECK(seen.usage.has_value() == expected.usage.has_value());
  CHECK((seen.usage == expected.usage));
  CHECK(seen.model == expected.model);
  CHECK(seen.finished == expected.finished);
  CHECK(seen.is_error == expected.is_error);
}

} // namespace

TEST_CASE("tap: 60,000 random answers cost what parsing them whole says") {
  constexpr std::uint64_t seed = 118;
  random_source random{seed};
  tap listener;
  std::size_t with_usage = 0;
  constexpr int rounds = 60'000;
  for (int round = 0; round < rounds; ++round) {
    answer_sample sample;
    sample.format = static_cast<body_format>(random.below(5));
    sample.kind = random.one_in(3) ? tap::kind::plain : tap::kind::sse;
    slow_tap slow{sample.format, sample.kind};
    const bool sse = sample.kind == tap::kind::sse;
    const std::string line_end = random.one_in(3) ? "\r\n" : "\n";
    for (std::size_t left = sse ? 1 + random.below(4) : 1; left != 0; --left) {
      const std::string document = object(random, 0, sample.format);
      slow.document(document);
      sample.body += sse ? "data: " + document + line_end + line_end : document;
    }
    const std::size_t longest = 1 + random.below(1 + sample.body.size());
    const bool whole = random.one_in(3);
    const auto seen = tapped(listener, sample, [&](std::size_t) {
      return whole ? sample.body.size() : 1 + random.below(longest);
    });
    with_usage += seen.usage.has_value();
    if (!same(seen, slow.facts)) {
      INFO("seed " << seed << ", round " << round << ", format " << static_cast<int>(sample.format)
                   << "\n"
                   << sample.body);
      expect_same(seen, slow.facts);
      REQUIRE(same(seen, slow.facts));
    }
  }
  CHECK(with_usage > rounds / 10);
  CHECK(with_usage < rounds * 9 / 10);
}
