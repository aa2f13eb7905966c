// What requests ask for and what answers cost, each against a parser that builds the whole tree.
#include "policies/usage/inspect.hpp"
#include "policies/usage/splice.hpp"
#include "policies/usage/tap.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/policies/usage/answer_samples.hpp"
#include "tests/policies/usage/inspect_oracle.hpp"
#include "tests/policies/usage/slow_tap.hpp"

namespace fuzz {
namespace {

namespace usage = policies::usage;

void same_reading(const usage::inspection& seen, const expected_inspection& expected) {
  claim(seen.model == expected.model, "the model is the one asked for");
  claim(seen.stream == expected.stream && seen.include_usage == expected.include_usage,
        "the options are those asked for");
  claim(seen.multiplicity == expected.multiplicity, "as many answers are asked for");
  claim(seen.prompt_bound.value == expected.prompt_bound, "the prompt's bound is right");
  claim(seen.message_count == expected.message_count, "there are as many messages");
  claim(seen.unbounded_prompt == expected.unbounded_prompt &&
            seen.has_images == expected.has_images,
        "parts that cost more are seen");
  claim(seen.thinking_disabled == expected.thinking_disabled &&
            seen.reasoning_max == expected.reasoning_max,
        "the effort is the one asked for");
  claim(seen.cap_count == expected.caps.size(), "there are as many caps");
  for (std::size_t i = 0; i < seen.cap_count; ++i)
    claim(expected.caps.at(std::string(seen.caps[i].name)) == seen.caps[i].tokens,
          "a cap is the one asked for");
}

// After the edits no cap is above ours, and everything else is as it was.
void spliced(usage::body_format format, std::string_view body, const usage::inspection& seen) {
  constexpr std::int64_t cap = 777;
  usage::edits changes;
  usage::plan_edits(changes, format, seen, policies::tokens{cap}, "other-model");
  const std::string sent = usage::apply(body, changes);
  claim(sent.size() == changes.resulting_size(body.size()), "the announced size is the real one");
  const auto again = usage::inspect(format, sent, {});
  claim(std::holds_alternative<usage::inspection>(again), "what is sent can be read again");
  const auto& now = std::get<usage::inspection>(again);
  claim(now.model == "other-model", "the alias has taken the model's place");
  claim(now.stream == seen.stream && now.multiplicity == seen.multiplicity &&
            now.message_count == seen.message_count,
        "an edit changes nothing but caps and model");
  claim(now.cap_count > 0 || format == usage::body_format::opaque, "there is a cap");
  for (std::size_t i = 0; i < now.cap_count; ++i)
    claim(now.caps[i].tokens && *now.caps[i].tokens <= cap, "no cap is above ours");
}

} // namespace

void json_inspection(std::string_view input) {
  choices first{input.substr(0, 1)};
  const auto format = static_cast<usage::body_format>(first.below(5));
  const exact_copy body{behind(input, 1)};
  for (const std::size_t depth_max : {std::size_t{64}, std::size_t{3}}) {
    const auto seen = usage::inspect(format, body.view(), {.depth_max = depth_max});
    const auto expected = expect_inspection(format, body.view(), depth_max);
    const auto* const accepted = std::get_if<usage::inspection>(&seen);
    claim((accepted != nullptr) == expected.has_value(), "the judge accepts and refuses the same");
    if (!accepted)
      continue;
    same_reading(*accepted, *expected);
    if (depth_max == 64 && format != usage::body_format::opaque)
      spliced(format, body.view(), *accepted);
  }
}

void answer_tap(std::string_view input) {
  choices chosen{input.substr(0, 4)};
  answer_sample sample;
  sample.format = static_cast<usage::body_format>(chosen.below(5));
  sample.kind = chosen.below(2) == 0 ? usage::tap::kind::plain : usage::tap::kind::sse;
  const std::size_t longest = 1 + chosen.below(64);
  std::size_t turn = chosen.next();
  sample.body = behind(input, 4);
  static usage::tap listener;
  const auto whole = tapped(listener, sample, [&](std::size_t) { return sample.body.size(); });
  const auto pieces = tapped(listener, sample, [&](std::size_t) { return 1 + turn++ % longest; });
  claim(same(whole, pieces), "an answer costs the same however it is cut");
  claim(whole.model.size() <= 64, "a model's name is bounded");
  if (sample.kind == usage::tap::kind::sse)
    return;
  const auto tree = slow_json::parse(sample.body, 64);
  if (!tree || tree->what != slow_json::node::kind::object)
    return;
  slow_json::slow_tap judge{sample.format, sample.kind};
  judge.document(sample.body);
  claim(same(whole, judge.facts), "an answer costs what parsing it whole says");
}

} // namespace fuzz
