// Lines and spans, read back by another reader of JSON: whatever a client puts into a request.
#include "proxy/request_log/wording.hpp"

#include <memory>
#include <random>
#include <string>

#include <boost/json.hpp>

#include "policies/keys/secret.hpp"
#include "proxy/hex.hpp"
#include "tests/proxy/request_log/ended.hpp"
#include "tests/support/catch.hpp"

namespace json = boost::json;
using namespace proxy::request_log;
using proxy::session::ended_request;
using request_log_test::ended;

namespace {

constexpr std::string_view client_trace = "00-abababababababababababababababab-cdcdcdcdcdcdcdcd-01";

std::string joined(std::string_view one, std::string_view other) {
  std::string both{one};
  both += other;
  return both;
}

std::string line_of(const ended_request& one) {
  access_lines lines;
  const auto room = std::make_unique<char[]>(words_bytes_max);
  const char* const end = lines.write(room.get(), one);
  REQUIRE(end <= room.get() + words_bytes_max);
  const std::string line(room.get(), static_cast<std::size_t>(end - room.get()));
  REQUIRE(line.find('\n') == line.size() - 1);
  return line;
}

json::object read_line(const ended_request& one) {
  return json::parse(line_of(one)).as_object();
}

json::object read_span(const ended_request& one) {
  const auto room = std::make_unique<char[]>(words_bytes_max);
  const char* const end = write_span(room.get(), one);
  REQUIRE(end <= room.get() + words_bytes_max);
  return json::parse(std::string_view{room.get(), end}).as_object();
}

json::object attributes_of(const json::object& span) {
  json::object all;
  for (const json::value& each : span.at("attributes").as_array())
    all[each.at("key").as_string()] = each.at("value").as_object().begin()->value();
  return all;
}

} // namespace

TEST_CASE("access log: a line, to the last byte") {
  ended_request one = ended(7);
  CHECK(
      line_of(one) ==
      R"({"time":"2026-11-22T12:00:00.007Z","request_id":"0000000000000007fffffffffffffff8",)"
      R"("key_id":"key_000000000007","client":"192.0.2.7","method":"POST",)"
      R"("path":"/v1/chat/completions","status":200,"ending":"complete","model":"deepseek-flash",)"
      R"("stream":false,"total_us":1234,"overhead_us":56,"first_byte_us":789,)"
      R"("prompt_tokens":12,"cached_tokens":3,"output_tokens":1000000})"
      "\n");
  one.key = {};
  one.refused = true;
  one.refusal = policies::admission::refusal_code::invalid_api_key;
  one.status = 401;
  one.usage_known = false;
  one.model.set("");
  one.trace.set(client_trace);
  one.client = *policies::access::parse_ip("2001:db8::7");
  CHECK(line_of(one) ==
        R"({"time":"2026-11-22T12:00:00.007Z","request_id":"0000000000000007fffffffffffffff8",)"
        R"("key_id":null,"client":"2001:db8::7","method":"POST",)"
        R"("path":"/v1/chat/completions","status":401,"ending":"invalid_api_key","model":"",)"
        R"("stream":false,"total_us":1234,"overhead_us":56,"first_byte_us":789,)"
        R"("trace_id":"abababababababababababababababab"})"
        "\n");
}

TEST_CASE("access log: the date is as of each line") {
  access_lines lines;
  const auto room = std::make_unique<char[]>(words_bytes_max);
  ended_request one = ended();
  for (const auto& [ms, text] : {std::pair{1'795'348'799'999, "2026-11-22T11:59:59.999Z"},
                                 std::pair{1'795'348'800'000, "2026-11-22T12:00:00.000Z"},
                                 std::pair{1'795'348'800'120, "2026-11-22T12:00:00.120Z"},
                                 std::pair{1'795'348'799'000, "2026-11-22T11:59:59.000Z"}}) {
    one.ended = policies::instant{policies::milliseconds{ms}};
    const char* const end = lines.write(room.get(), one);
    CHECK(json::parse(std::string_view{room.get(), end}).at("time").as_string() == text);
  }
}

TEST_CASE("access log, spans: whatever bytes a client sends, it is JSON, and what can be is kept") {
  std::mt19937 random{20261128};
  const auto bytes = [&](std::size_t most) {
    std::string text(random() % (most + 1), ' ');
    const bool odd = random() % 2 == 0;
    for (char& each : text)
      each = static_cast<char>(odd ? random() % 256 : 0x20 + random() % 0x60);
    return text;
  };
  for (int i = 0; i < 3000; ++i) {
    ended_request one = ended(random());
    const std::string path = bytes(200);
    one.path.set(path);
    one.method.set(bytes(16));
    one.model.set(bytes(128));
    one.trace.set(random() % 2 ? client_trace : bytes(55));
    const json::object line = read_line(one);
    const json::object span = read_span(one);
    const auto told = attributes_of(span);
    CHECK(line.at("path") == told.at("url.path"));
    if (std::ranges::all_of(path, [](char c) { return c >= 0x20 && c < 0x7f; }))
      CHECK(line.at("path").as_string() == path);
    CHECK(line.at("request_id").as_string() == proxy::hex(one.id.bytes));
    CHECK(line.at("key_id").as_string() == policies::keys::to_string(one.key));
  }
}

TEST_CASE("access log: what is too long is cut, and says so") {
  ended_request one = ended();
  one.path.set(std::string(201, 'p'));
  one.method.set("METHODMETHODMETHO");
  one.model.set(std::string(128, 'm'));
  const json::object line = read_line(one);
  CHECK(line.at("path").as_string() == joined(std::string(200, 'p'), "\u2026"));
  CHECK(line.at("method").as_string() == "METHODMETHODMETH\u2026");
  CHECK(line.at("model").as_string() == std::string(128, 'm'));
  one.path.set(std::string(300, '\x01'));
  one.method.set(std::string(300, '"'));
  one.model.set(std::string(300, '\x02'));
  read_line(one);
  read_span(one);
}

TEST_CASE("spans: the client's trace goes on, and one of our own has the request's id") {
  ended_request one = ended(7);
  json::object span = read_span(one);
  CHECK(span.at("traceId").as_string() == "0000000000000007fffffffffffffff8");
  CHECK(span.at("spanId").as_string() == "fffffffffffffff8");
  CHECK_FALSE(span.contains("parentSpanId"));
  CHECK(span.at("name").as_string() == "POST /v1/chat/completions");
  CHECK(span.at("kind") == 2);
  CHECK(span.at("status").at("code") == 0);
  CHECK(span.at("endTimeUnixNano").as_string() == "1795348800007000000");
  CHECK(span.at("startTimeUnixNano").as_string() == "1795348800005766000");
  const auto told = attributes_of(span);
  CHECK(told.at("http.response.status_code").as_string() == "200");
  CHECK(told.at("deepseek_proxy.key_id").as_string() == "key_000000000007");
  CHECK(told.at("gen_ai.request.model").as_string() == "deepseek-flash");
  CHECK(told.at("gen_ai.usage.output_tokens").as_string() == "1000000");
  one.trace.set(client_trace);
  one.status = 502;
  span = read_span(one);
  CHECK(span.at("traceId").as_string() == "abababababababababababababababab");
  CHECK(span.at("parentSpanId").as_string() == "cdcdcdcdcdcdcdcd");
  CHECK(span.at("spanId").as_string() == "0000000000000007");
  CHECK(span.at("status").at("code") == 2);
}

TEST_CASE("spans: a client's flag decides for its trace, the share for ours") {
  const auto told = [](std::string_view trace, bool sampled) {
    ended_request one = ended();
    one.sampled = sampled;
    one.trace.set(trace);
    return has_span(one);
  };
  const std::string_view flag = client_trace.substr(0, 53);
  CHECK(told("", true));
  CHECK_FALSE(told("", false));
  CHECK(told(joined(flag, "01"), false));
  CHECK(told(joined(flag, "0b"), false));
  CHECK_FALSE(told(joined(flag, "00"), true));
  CHECK_FALSE(told(joined(flag, "fe"), true));
  for (const std::string& wrong :
       {joined(flag, "0G"), joined(flag, "FF"), joined("01", joined(flag.substr(2), "00")),
        std::string(55, '-'), joined("00-", std::string(52, 'a'))}) {
    CHECK(told(wrong, true));
    CHECK_FALSE(told(wrong, false));
  }
}
