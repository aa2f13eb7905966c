// A tap against the slow parser: random answers full of decoys, in random pieces, must cost what
// parsing every document whole says they cost.
#include <algorithm>

#include "policies/usage/tap.hpp"
#include "tests/policies/usage/answer_samples.hpp"
#include "tests/policies/usage/random_source.hpp"
#include "tests/policies/usage/slow_json.hpp"
#include "tests/support/catch.hpp"

using namespace policies::usage;
using slow_json::node;

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

// Collects figures member by member, as a reader that forgets nothing would.
void collect(usage_figures& out, const node& object) {
  const auto set = [&](figure what, const node& number) {
    const bool scalar = number.what == node::kind::number || number.what == node::kind::null ||
                        number.what == node::kind::boolean;
    if (scalar)
      out.set(what, number.text);
    else
      out.set_nonsense(what);
  };
  static const std::vector<std::pair<std::string, figure>> direct{
      {"prompt_tokens", figure::prompt_tokens},
      {"completion_tokens", figure::completion_tokens},
      {"prompt_cache_hit_tokens", figure::cache_hit},
      {"input_tokens", figure::input_tokens},
      {"output_tokens", figure::output_tokens},
      {"cache_read_input_tokens", figure::cache_read},
      {"cache_creation_input_tokens", figure::cache_creation}};
  for (const auto& [name, inner] : object.members) {
    for (const auto& [known, what] : direct) {
      if (name == known)
        set(what, inner);
    }
    for (const auto& [detail, number] : inner.members) {
      if ((name == "prompt_tokens_details" || name == "input_tokens_details") &&
          detail == "cached_tokens")
        set(figure::cached_detail, number);
      if ((name == "completion_tokens_details" || name == "output_tokens_details") &&
          detail == "reasoning_tokens")
        set(figure::reasoning_detail, number);
    }
  }
}

std::optional<usage_figures> usage_in(const node& answer) {
  std::optional<usage_figures> out;
  for (const auto& [name, inner] : answer.members) {
    if (name != "usage" || inner.what != node::kind::object)
      continue;
    out.emplace();
    collect(*out, inner);
  }
  return out;
}

// What the documents of an answer say, each parsed whole.
class slow_tap {
 public:
  slow_tap(body_format format, tap::kind kind)
      : format_(format), sse_(kind == tap::kind::sse),
        wrapper_(!sse_                              ? ""
                 : format == body_format::responses ? "response"
                 : format == body_format::anthropic ? "message"
                                                    : "") {}

  void document(const std::string& text) {
    const node root = slow_json::parse(text, 64).value();
    std::string type;
    for (const auto& [name, inner] : root.members) {
      if (name == "type" && inner.what == node::kind::string)
        type = event_kind_of(inner.text) == event_kind::other ? "" : inner.text;
      facts.is_error |= name == "error" && inner.what == node::kind::object;
    }
    name_model(root);
    facts.is_error |= type == "error";
    const auto own = usage_in(root);
    std::optional<usage_figures> wrapped;
    for (const auto& [name, inner] : root.members) {
      if (wraps(name, inner)) {
        if (const auto found = usage_in(inner))
          wrapped = found;
      }
    }
    if (!sse_ || wrapper_.empty()) {
      facts.finished |= !sse_;
      take(own);
      return;
    }
    const bool last = format_ == body_format::responses
                          ? type == "response.completed" || type == "response.incomplete"
                          : type == "message_stop";
    facts.finished |= last;
    if (format_ == body_format::responses && last)
      take(wrapped);
    if (format_ == body_format::anthropic && type == "message_start" && wrapped)
      begun_ = *wrapped;
    if (format_ == body_format::anthropic && type == "message_delta" && own) {
      begun_.update_from(*own);
      take(begun_);
    }
  }

  answer_facts facts;

 private:
  void take(const std::optional<usage_figures>& figures) {
    if (const auto usage = figures ? figures->judged(format_) : std::nullopt)
      facts.usage = usage;
  }
  bool wraps(const std::string& name, const node& inner) const {
    return !wrapper_.empty() && name == wrapper_ && inner.what == node::kind::object;
  }
  void name_model(const node& root) {
    for (const auto& [name, inner] : root.members) {
      if (name == "model" && inner.what == node::kind::string && facts.model.empty())
        facts.model = inner.text;
      if (wraps(name, inner) && facts.model.empty())
        name_model_of(inner);
    }
  }
  void name_model_of(const node& wrapper) {
    for (const auto& [name, inner] : wrapper.members) {
      if (name == "model" && inner.what == node::kind::string && facts.model.empty())
        facts.model = inner.text;
    }
  }

  body_format format_;
  bool sse_;
  std::string wrapper_;
  usage_figures begun_;
};

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
