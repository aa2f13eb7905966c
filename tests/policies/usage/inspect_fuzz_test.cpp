// inspect against the slow parser and the rules written again, over bodies mutated from seeds.
#include <vector>

#include "policies/usage/inspect.hpp"
#include "tests/policies/usage/inspect_oracle.hpp"
#include "tests/policies/usage/random_source.hpp"
#include "tests/support/catch.hpp"

using namespace policies::usage;

namespace {

const std::vector<std::string> seeds{
    R"({"model":"deepseek-flash","messages":[{"role":"user","content":"Hello"}],"stream":true})",
    R"({"model":"m","stream_options":{"include_usage":true},"stream":true,"max_tokens":100,"n":2,)"
    R"("messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"h\u00e9"}]})",
    R"({ "messages" : [ { "role":"user", "content":[{"type":"text","text":"\ud83d\ude00"},)"
    R"({"type":"image_url","image_url":{"url":"https://x/y.png"}}] } ] , "model":"m" })",
    R"({"model":"m","tools":[{"type":"function","function":{"name":"f","parameters":)"
    R"({"type":"object","properties":{"file":{"type":"string"}}}}}],"messages":[]})",
    R"({"model":"m","tools":[{"type":"web_search"}],"input":"hi","reasoning":{"effort":"max"}})",
    R"({"model":"m","input":[{"type":"message","role":"user","content":[{"type":"input_text",)"
    R"("text":"x"},{"type":"input_file","file_id":"f"}]}],"previous_response_id":null})",
    R"({"model":"claude","max_tokens":10,"system":[{"type":"text","text":"s"}],"messages":)"
    R"([{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":)"
    R"({"file":"a","type":"image"}}]}],"thinking":{"type":"disabled","budget_tokens":5}})",
    R"({"model":"m","prompt":["a","b",[1,2]],"suffix":"z","best_of":3,"max_tokens":null})",
    R"({"model":"m","messages":[{"role":"assistant","tool_calls":[{"type":"function","id":"1",)"
    R"("function":{"name":"f","arguments":"{\"file\":1}"}}]},{"role":"tool","content":"x"}]})",
    R"({"model":"m","prompt":[1,2,3],"echo":false,"logit_bias":{"50256":-100}})",
    "{\"model\":\"\xE6\xB7\xB1\xE5\xBA\xA6\",\"user\":\"\xF0\x9F\x98\x80\",\"max_output_tokens\":7,"
    "\"temperature\":-1.5e+10,\"x\":[[[[0]]],{},[],true,false,null,0.0,1E5]}",
};

const std::vector<std::string> fragments{
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "1e3",
    "-1",
    "0",
    "1.5",
    "\"5\"",
    "2147483647",
    "2147483648",
    "\\u006d",
    "\\ud800",
    "\\udc00",
    "\xC0\x80",
    "\xED\xA0\x80",
    "\xEF\xBB\xBF",
    "\xE2\x84\xAA",
    "\xC5\xBF",
    "\n",
    "\t",
    " ",
    "\x01",
    "\"model\":\"q\",",
    "\"MODEL\":\"q\",",
    "\"mod\\u0065l\":\"q\",",
    "\"n\":4,",
    "\"max_tokens\":9,",
    "\"type\":\"image\",",
    "\"type\":\"text\",",
    "\"file\":1,",
    "\"file_id\":null,",
    "\"Stream\":false,",
    "\"temperature\":1,",
    "\"tools\":[],",
    "\"input\":{\"a\":1},",
    "\"conver\\u0073ation\":1,",
    "\"prompt\":{\"id\":\"p\"},",
    "\"unknown\":[{\"type\":5}],",
    "\"thinking\":{\"type\":\"disabled\"},",
    "\"reasoning_effort\":\"none\",",
};

std::string mutated(random_source& random) {
  std::string body = random.pick(seeds);
  for (std::size_t left = random.below(4); left != 0 && !body.empty(); --left) {
    const std::size_t at = random.below(body.size());
    switch (random.below(6)) {
    case 0:
      body[at] = static_cast<char>(random.next());
      break;
    case 1:
      body.erase(at, 1 + random.below(6));
      break;
    case 2:
      body.insert(at, random.pick(fragments));
      break;
    case 3: // where a member may stand
      body.insert(body.find('{') == body.npos ? 0 : body.find('{') + 1, random.pick(fragments));
      break;
    case 4:
      body.insert(at, std::string(1 + random.below(40), "abc \"\\"[random.below(6)]));
      break;
    default:
      body.insert(at, body.substr(random.below(body.size()), random.below(30)));
    }
  }
  return body;
}

std::map<std::string, std::optional<std::int64_t>> caps_of(const inspection& seen) {
  std::map<std::string, std::optional<std::int64_t>> out;
  for (std::size_t i = 0; i < seen.cap_count; ++i)
    out[std::string{seen.caps[i].name}] = seen.caps[i].tokens;
  return out;
}

void compare(const inspection& seen, const expected_inspection& expected, std::string_view body) {
  CHECK(seen.model == expected.model);
  CHECK(seen.stream == expected.stream);
  CHECK(seen.include_usage == expected.include_usage);
  CHECK(caps_of(seen) == expected.caps);
  CHECK(seen.multiplicity == expected.multiplicity);
  CHECK(seen.prompt_bound.value == expected.prompt_bound);
  CHECK(seen.message_count == expected.message_count);
  CHECK(seen.unbounded_prompt == expected.unbounded_prompt);
  CHECK(seen.has_images == expected.has_images);
  CHECK(seen.thinking_disabled == expected.thinking_disabled);
  CHECK(seen.reasoning_max == expected.reasoning_max);
  CHECK(body.substr(0, seen.insert_at).ends_with('{'));
  for (std::size_t i = 0; i < seen.cap_count; ++i) {
    const auto& cap = seen.caps[i];
    CHECK(body.substr(cap.value.offset, cap.value.length) ==
          (cap.tokens ? std::to_string(*cap.tokens) : "null"));
  }
}

} // namespace

TEST_CASE("inspect: 150,000 mutated bodies are judged as the slow parser judges them") {
  constexpr std::uint64_t seed = 20261115;
  random_source random{seed};
  std::size_t accepted = 0;
  constexpr std::size_t rounds = 150'000;
  for (std::size_t round = 0; round < rounds; ++round) {
    // A copy without a byte to spare: reading beyond it is a sanitizer's finding.
    const std::string text = mutated(random);
    const std::vector<char> exact(text.begin(), text.end());
    const std::string_view body{exact.data(), exact.size()};
    const auto format = static_cast<body_format>(random.below(5));
    const std::size_t depth_max = random.one_in(10) ? 3 : 64;
    const auto seen = inspect(format, body, {.depth_max = depth_max});
    const auto expected = expect_inspection(format, body, depth_max);
    const bool fine = std::holds_alternative<inspection>(seen);
    accepted += fine;
    if (fine != expected.has_value() || fine) {
      INFO("seed " << seed << ", round " << round << ", format " << static_cast<int>(format)
                   << ", body " << body);
      REQUIRE(fine == expected.has_value());
      compare(std::get<inspection>(seen), *expected, body);
    }
  }
  CHECK(accepted > rounds / 10);
  CHECK(accepted < rounds * 9 / 10);
}
