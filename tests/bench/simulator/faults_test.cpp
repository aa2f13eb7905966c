// What each fault looks like to a strict client, and the control door: gate, limits, reset.
#include <fmt/format.h>

#include "bench/simulator/faults.hpp"
#include "tests/bench/simulator/client.hpp"

using namespace simulator_test;

namespace {

reply faulty(simulation& sim, const char* fault, std::string_view more = "") {
  return sim.post("/chat/completions", chat_body(more), {{"x-sim-fault", fault}});
}

constexpr auto streamed = R"("stream":true)";

} // namespace

TEST_CASE("simulator faults: names and figures are read strictly") {
  using simulator::fault_kind;
  using simulator::fault_list;
  const auto two = fault_list::parse(" drip:10/5 ; missing_usage;");
  REQUIRE(two);
  REQUIRE(two->find(fault_kind::drip));
  CHECK(two->find(fault_kind::drip)->amount == 10);
  CHECK(two->find(fault_kind::drip)->every_ms == 5);
  CHECK(two->has(fault_kind::missing_usage));
  CHECK_FALSE(two->has(fault_kind::stall));
  for (const char* bad : {"reset_afer:1", "reset_after", "reset_after:", "reset_after:-1",
                          "reset_after:1x", "drip:10", "drip:0/5", "stall:5", "status"}) {
    INFO(bad);
    CHECK_FALSE(fault_list::parse(bad));
  }
  simulation sim;
  CHECK(faulty(sim, "reset_afer:1").status == 400);
}

TEST_CASE("simulator faults: a connection is reset after exactly so many bytes") {
  simulation sim;
  for (const auto more : {"", streamed}) {
    const auto got = faulty(sim, "reset_after:400", more);
    CHECK_FALSE(got.complete);
    CHECK(got.error.find("reset") != std::string::npos);
    CHECK(sim.last_row().at("bytes") == 400);
  }
  CHECK(faulty(sim, "reset").error.find("reset") != std::string::npos);
}

TEST_CASE("simulator faults: short bodies and lying chunks break the framing, no more") {
  simulation sim;
  CHECK(faulty(sim, "").complete);
  for (const char* fault : {"short_body", "chunk_lie"}) {
    for (const auto more : {"", streamed}) {
      INFO(fault << more);
      const auto got = faulty(sim, fault, more);
      CHECK(got.status == 200);
      CHECK_FALSE(got.complete);
    }
  }
  CHECK(faulty(sim, "garbage").status == 0);
}

TEST_CASE("simulator faults: content can miss usage, its end, or its sense") {
  simulation sim;
  CHECK(faulty(sim, "missing_usage").body.find("usage") == std::string::npos);
  CHECK(faulty(sim, "missing_usage", streamed).body.find("usage") == std::string::npos);
  CHECK(faulty(sim, "missing_usage", streamed).events().back() == "[DONE]");
  CHECK(faulty(sim, "no_done", streamed).events().back() != "[DONE]");
  boost::system::error_code ec;
  json::parse(faulty(sim, "garbage_json").body, ec);
  CHECK(ec);
  CHECK(text(faulty(sim, "failed").parsed(), "/choices/0/finish_reason") ==
        "insufficient_system_resource");
  const auto failed =
      sim.post("/responses", R"({"model":"deepseek-flash","input":"Hi","stream":true})",
               {{"x-sim-fault", "failed"}});
  CHECK(text(json::parse(failed.events().back()), "/type") == "response.failed");
  const auto huge = faulty(sim, "huge_event:3000000", streamed);
  REQUIRE(huge.complete);
  CHECK(huge.body.size() > 3'000'000);
  CHECK(text(json::parse(huge.events().at(huge.events().size() - 3)), "/choices/0/delta/content")
            .size() == 3'000'000);
  const auto closed = faulty(sim, "close_delimited", streamed);
  CHECK(closed.headers.count("transfer-encoding") == 0);
  CHECK(closed.events().back() == "[DONE]");
  CHECK(faulty(sim, "plain_text_error:401").headers.at("content-type").starts_with("text/plain"));
}

TEST_CASE("simulator faults: dripped answers arrive whole") {
  simulation sim;
  CHECK(faulty(sim, "drip:7/0").parsed().is_object());
  CHECK(faulty(sim, "drip:100/1", streamed).events().back() == "[DONE]");
  CHECK(faulty(sim, "delay:1").status == 200);
}

TEST_CASE("simulator faults: a stalled answer ends when its client leaves") {
  simulation sim;
  for (const char* fault : {"stall", "stall_after:200"}) {
    client one(sim.port());
    one.write_request("POST", "/chat/completions", chat_body(), {{"x-sim-fault", fault}});
    if (std::string_view(fault) == "stall_after:200")
      CHECK(one.read_until("connection").size() <= 200);
    one.close();
    const auto row = sim.last_row();
    CHECK(row.at("client_left") == true);
    CHECK(row.at("billed") == true);
  }
}

TEST_CASE("simulator gate: an event is written only when it is released") {
  simulation sim;
  sim.control("gate", R"({"tokens":1})");
  client one(sim.port());
  one.write_request("POST", "/chat/completions", chat_body(R"("stream":true,"max_tokens":2)"), {});
  CHECK(one.read_until("\n\n\r\n").find("assistant") != std::string::npos);
  while (number(sim.look("gate"), "/waiting") == 0)
    continue;
  const auto held = sim.look("requests").as_array().back().at("bytes");
  CHECK(sim.look("requests").as_array().back().at("done") == false);
  CHECK(held == 0);
  sim.control("release", R"({"n":1})");
  CHECK(one.read_until("\n\n\r\n").find("Somebody") != std::string::npos);
  sim.control("gate", "{}");
  CHECK(one.read_until("[DONE]").find("[DONE]") != std::string::npos);
  CHECK(sim.look("gate").at("shut") == false);
}

TEST_CASE("simulator gate: keep-alives pass while an answer waits, plain and streamed") {
  simulation sim;
  for (const auto more : {"", streamed}) {
    sim.control("gate", R"({"tokens":0})");
    client one(sim.port());
    one.write_request("POST", "/chat/completions", chat_body(more), {{"x-sim-keepalive-ms", "1"}});
    const std::string sign = *more ? ": keep-alive\n\n" : "\r\n1\r\n\n\r\n";
    CHECK(one.read_until(sign).find("200 OK") != std::string::npos);
    CHECK(one.read_until(sign).size() >= sign.size());
    sim.control("gate", R"({"tokens":null})");
    CHECK(one.read_until("0\r\n\r\n").find("finish_reason") != std::string::npos);
  }
}

TEST_CASE("simulator gate: above the account's concurrency requests are refused, and only then") {
  simulation sim;
  sim.control("config", R"({"flash_concurrency":2})");
  sim.control("gate", R"({"tokens":0})");
  client one(sim.port());
  client two(sim.port());
  one.write_request("POST", "/chat/completions", chat_body(), {});
  two.write_request("POST", "/chat/completions", chat_body(), {});
  while (number(sim.look("gate"), "/waiting") < 2)
    continue;
  const auto refused = sim.post("/chat/completions", chat_body());
  CHECK(refused.status == 429);
  CHECK(text(refused.parsed(), "/error/message").find("concurrency limit of 2") !=
        std::string::npos);
  sim.control("gate", R"({"tokens":null})");
  CHECK(one.read_reply().status == 200);
  CHECK(two.read_reply().status == 200);
  for (int i = 0; i < 20; ++i)
    CHECK(one.send("POST", "/chat/completions", chat_body()).status == 200);
}

TEST_CASE("simulator control: wrong options are named, and a reset restores the start") {
  simulation sim;
  CHECK(sim.post("/__sim/config", R"({"greeedy":true})").status == 400);
  CHECK(sim.post("/__sim/config", R"({"greedy":1})").status == 400);
  CHECK(sim.post("/__sim/config", R"({"tokens":"words"})").status == 400);
  CHECK(sim.post("/__sim/config", R"({"clock":"yesterday"})").status == 400);
  CHECK(sim.post("/__sim/config", R"({"faults":[{"fault":"x","probability":1}]})").status == 400);
  CHECK(sim.post("/__sim/nothing", "{}").status == 400);
  CHECK(sim.get("/__sim/nothing").status == 404);
  CHECK(sim.post("/chat/completions", chat_body(), {{"x-sim-legacy-model", "1"}}).status == 400);
  sim.control("config", R"({"greedy":true,"prices":"flat","output_tokens":5})");
  CHECK(sim.post("/chat/completions", chat_body()).status == 200);
  CHECK(number(sim.look("bill"), "/output_tokens") == 5);
  sim.control("reset", R"({"keep_config":true})");
  CHECK(number(sim.look("bill"), "/requests") == 0);
  CHECK(sim.look("config").at("greedy") == true);
  sim.control("reset", "{}");
  CHECK(sim.look("config").at("greedy") == false);
  CHECK(sim.look("config").at("prices") == "table");
}

TEST_CASE(
    "simulator http: connections are kept, pipelined, closed as asked, and HEAD has no body") {
  simulation sim;
  client one(sim.port());
  const std::string body = chat_body();
  one.write_request("POST", "/chat/completions", body, {{"x-request-id", "first"}});
  one.write_request("POST", "/chat/completions", body, {{"x-request-id", "second"}});
  CHECK(one.read_reply().status == 200);
  CHECK(one.read_reply().status == 200);
  const auto rows = sim.look("requests").as_array();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("request_id") == "first");
  CHECK(rows[1].at("request_id") == "second");
  CHECK(rows[0].at("connection") == rows[1].at("connection"));
  CHECK(one.send("HEAD", "/models", "").body.empty());
  CHECK(one.send("GET", "/models", "").status == 200);
  CHECK(one.send("GET", "/models", "", {{"connection", "close"}}).headers.at("connection") ==
        "close");
  client two(sim.port());
  two.write_raw("nonsense\r\n\r\n");
  CHECK(two.read_reply().status == 400);
  sim.control("config", R"({"requests_per_connection":1})");
  CHECK(sim.get("/models").headers.at("connection") == "close");
}
