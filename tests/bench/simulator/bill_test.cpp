// The simulator's own bill over the wire: whatever becomes of the answer, by date, hour and model.
#include <fmt/format.h>

#include "tests/bench/simulator/client.hpp"

using namespace simulator_test;

namespace {

std::int64_t total_pico(simulation& sim) {
  return number(sim.look("bill"), "/total_pico");
}

} // namespace

TEST_CASE("simulator bill: every request is billed at the price of its hour, to the peak's edge") {
  simulation sim;
  sim.control("config", R"({"tokens":"bytes","output_tokens":100})");
  const auto cost_at = [&](std::string_view when) {
    sim.control("config", fmt::format(R"({{"clock":"{}","clock_speed":0}})", when));
    const auto before = total_pico(sim);
    REQUIRE(sim.post("/chat/completions", chat_body()).status == 200);
    return total_pico(sim) - before;
  };
  // "user" and "Hi" and 8 of the template: 14 tokens of prompt.
  const std::int64_t off_peak = 14 * 150'000 + 100 * 600'000;
  CHECK(cost_at("2026-11-16T00:59:59.999Z") == off_peak);
  CHECK(cost_at("2026-11-16T01:00:00Z") == 2 * off_peak);
  CHECK(cost_at("2026-11-16T03:59:59.999Z") == 2 * off_peak);
  CHECK(cost_at("2026-11-16T04:00:00Z") == off_peak);
  CHECK(cost_at("2026-11-21T02:00:00Z") == off_peak);
  CHECK(cost_at("2026-09-25T02:00:00Z") == off_peak);

  const auto bill = sim.look("bill");
  CHECK(number(bill, "/by_hour/2026-11-16T01/pico") == 2 * off_peak);
  CHECK(number(bill, "/by_hour/2026-11-16T00/requests") == 1);
  CHECK(number(bill, "/by_date_nano/2026-11-16") == 6 * off_peak / 1000);
  CHECK(number(bill, "/by_date_nano/2026-11-21") == off_peak / 1000);
  CHECK(number(bill, "/by_model/deepseek-flash/output_tokens") == 600);
  CHECK(number(bill, "/billed") == 6);
}

TEST_CASE("simulator bill: the instant of billing is the start, the end, or one between them") {
  simulation sim;
  sim.control("config", R"({"output_tokens":100})");
  const auto billed_peak = [&](std::string_view instant) {
    sim.control("config", fmt::format(R"({{"bill_instant":"{}"}})", instant));
    sim.control("config", R"({"clock":"2026-11-16T00:59:59.999Z","clock_speed":0})");
    sim.control("gate", R"({"tokens":0})");
    client one(sim.port());
    one.write_request("POST", "/chat/completions", chat_body(), {});
    while (number(sim.look("gate"), "/waiting") == 0)
      continue;
    sim.control("config", R"({"clock":"2026-11-16T01:00:00Z","clock_speed":0})");
    sim.control("gate", R"({"tokens":null})");
    REQUIRE(one.read_reply().status == 200);
    const auto row = sim.last_row();
    return row.at("cost_pico").as_int64() > 70'000'000;
  };
  CHECK_FALSE(billed_peak("start"));
  CHECK(billed_peak("end"));
  const bool once = billed_peak("random");
  const auto at = std::string(sim.last_row().at("billed_at").as_string());
  CHECK(once == (at >= "2026-11-16T01:00:00.000Z"));
}

TEST_CASE("simulator bill: errors cost nothing, and an unpriced endpoint costs nothing") {
  simulation sim;
  for (const char* fault : {"status:401", "status:402", "status:429", "status:500", "status:503",
                            "plain_text_error:422"}) {
    INFO(fault);
    const auto got = sim.post("/chat/completions", chat_body(), {{"x-sim-fault", fault}});
    CHECK(fmt::format("{}", got.status) ==
          std::string_view(fault).substr(std::string_view(fault).size() - 3));
    CHECK(sim.last_row().at("billed") == false);
    CHECK(sim.last_row().at("fault") == fault);
  }
  CHECK(sim.get("/models").status == 200);
  CHECK(total_pico(sim) == 0);
  CHECK(number(sim.look("bill"), "/requests") == 7);
}

TEST_CASE("simulator bill: a whole answer is billed whatever breaks after inference began") {
  simulation sim;
  for (const char* fault :
       {"reset", "reset_after:0", "reset_after:300", "short_body", "missing_usage", "garbage",
        "garbage_json", "no_done", "chunk_lie", "close_delimited", "failed", "drip:200/0"}) {
    for (const char* more : {R"("max_tokens":20)", R"("max_tokens":20,"stream":true)"}) {
      INFO(fault << " " << more);
      const auto before = total_pico(sim);
      sim.post("/chat/completions", chat_body(more), {{"x-sim-fault", fault}});
      const auto row = sim.last_row();
      CHECK(row.at("billed") == true);
      CHECK(row.at("output_tokens") == 20);
      CHECK(total_pico(sim) - before == row.at("cost_pico").as_int64());
    }
  }
  sim.control("config", R"({"bill_unanswered":false})");
  sim.post("/chat/completions", chat_body(), {{"x-sim-fault", "reset"}});
  CHECK(sim.last_row().at("billed") == false);
}

TEST_CASE(
    "simulator bill: a stream its client leaves is billed whole, or as far as it was written") {
  simulation sim;
  struct row {
    const char* config;
    std::int64_t output;
  };
  for (const row& r :
       {row{R"({"cancel_on_disconnect":false})", 50}, row{R"({"cancel_on_disconnect":true})", 2}}) {
    sim.control("config", r.config);
    sim.control("gate", R"({"tokens":3})");
    client one(sim.port());
    one.write_request("POST", "/chat/completions", chat_body(R"("stream":true,"max_tokens":50)"),
                      {{"x-sim-greedy", "1"}});
    for (int event = 0; event < 3; ++event)
      CHECK(one.read_until("\n\n\r\n").find("data: ") != std::string::npos);
    one.close();
    const auto last = sim.last_row();
    CHECK(last.at("client_left") == true);
    CHECK(last.at("output_tokens") == r.output);
    CHECK(last.at("billed") == true);
  }
}

TEST_CASE("simulator bill: what is in flight when the simulator stops is on the bill") {
  simulation sim;
  sim.control("gate", R"({"tokens":2})");
  client one(sim.port());
  one.write_request("POST", "/chat/completions", chat_body(R"("stream":true,"max_tokens":50)"),
                    {{"x-sim-greedy", "1"}});
  CHECK(one.read_until("\n\n\r\n").find("data: ") != std::string::npos);
  CHECK(number(sim.look("bill"), "/in_flight") == 1);
  sim.server().stop();
  const auto totals = sim.server().state().ledger.totals();
  CHECK(totals.in_flight == 0);
  CHECK(totals.billed.output_tokens == 50);
}

TEST_CASE("simulator bill: the tokens of a prompt are counted in its decoded bytes") {
  simulation sim;
  sim.control("config", R"({"tokens":"bytes","part_tokens":777})");
  const auto prompt = [&](const char* path, std::string_view body) {
    const auto got = sim.post(path, body);
    INFO(got.body);
    REQUIRE(got.status == 200);
    return sim.last_row().at("prompt_tokens").as_int64();
  };
  CHECK(prompt("/chat/completions", chat_body()) == 4 + 2 + 8);
  // Two characters of three bytes each, however they are spelt.
  const std::string chinese = R"({"model":"deepseek-flash","messages":[{"role":"user",)";
  CHECK(prompt("/chat/completions", chinese + R"("content":"中文"}]})") == 4 + 6 + 8);
  CHECK(prompt("/chat/completions", chinese + R"("content":"\u4e2d\u6587"}]})") == 4 + 6 + 8);
  CHECK(prompt("/chat/completions", chinese + R"("content":[{"type":"text","text":"abc"},)"
                                              R"({"type":"image_url","image_url":)"
                                              R"({"url":"https://example.com/x.png"}}]}]})") ==
        4 + 4 + 3 + 777 + 8);
  CHECK(prompt("/beta/completions", R"({"model":"deepseek-flash","prompt":"ab","suffix":"c"})") ==
        3 + 3);
  CHECK(prompt("/responses", R"({"model":"deepseek-flash","instructions":"abc","input":"Hi"})") ==
        3 + 8 + 2 + 8);
  CHECK(prompt("/anthropic/v1/messages",
               R"({"model":"claude-x","max_tokens":9,"system":"abc","messages":[{"role":"user",)"
               R"("content":"Hi"}]})") == 3 + 8 + 4 + 2 + 8);
  const auto with_tools = prompt("/chat/completions", chat_body(R"("tools":[ { "name" : "f" } ])"));
  CHECK(with_tools > 14 + 14);
  CHECK(with_tools < 14 + 2 * 23 + 64);
}

TEST_CASE("simulator bill: older model names are served, named and priced as configured") {
  simulation sim;
  const std::string body =
      R"({"model":"deepseek-reasoner","messages":[{"role":"user","content":"Hi"}]})";
  CHECK(text(sim.post("/chat/completions", body).parsed(), "/model") == "deepseek-flash");
  sim.control("config", R"({"legacy_model":"deepseek-v4-pro"})");
  CHECK(text(sim.post("/chat/completions", body).parsed(), "/model") == "deepseek-v4-pro");
  CHECK(number(sim.look("bill"), "/by_model/deepseek-v4-pro/requests") == 1);
}

TEST_CASE("simulator bill: equal seeds give equal answers, cached tokens and faults") {
  const auto run = [](std::uint64_t seed) {
    simulator::server_settings settings;
    settings.how.seed = seed;
    simulation sim(settings);
    sim.control("config", R"({"cached_fraction":1.0,"cached_random":true,"tokens":"bytes",
      "clock":"2026-11-16T00:00:00Z","clock_speed":0,
      "faults":[{"fault":"status:503","probability":0.3},
                {"fault":"missing_usage","probability":0.3}]})");
    std::string story;
    for (int i = 0; i < 30; ++i) {
      const auto got = sim.post("/chat/completions", chat_body());
      const auto row = sim.last_row();
      story += fmt::format("{} {} {}\n", got.body, json::serialize(row.at("cached")),
                           json::serialize(row.at("fault")));
    }
    return story;
  };
  const auto one = run(7);
  CHECK(one == run(7));
  CHECK(one != run(8));
  CHECK(one.find("status:503") != std::string::npos);
  CHECK(one.find("missing_usage") != std::string::npos);
  CHECK(one.find("\"\"\n") != std::string::npos);
}
