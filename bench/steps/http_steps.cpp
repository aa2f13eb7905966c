// Heads read and written, bodies inspected, answers tapped.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>

#include "bench/steps/messages.hpp"
#include "policies/usage/inspect.hpp"
#include "policies/usage/tap.hpp"
#include "proxy/http/head.hpp"
#include "proxy/http/head_writer.hpp"

namespace {

using policies::usage::body_format;

void request_head(benchmark::State& state) {
  const std::string text = steps::chat_head(900);
  const auto head = std::make_unique<proxy::http::request_head>();
  for (auto _ : state) {
    std::size_t scanned = 0;
    benchmark::DoNotOptimize(proxy::http::find_head_end(text, scanned, {}));
    if (proxy::http::parse_request_head(*head, text, {}))
      state.SkipWithError("refused");
  }
}
BENCHMARK(request_head);

void answer_head(benchmark::State& state) {
  const std::string text = steps::answer_head(600);
  const auto head = std::make_unique<proxy::http::response_head>();
  for (auto _ : state) {
    std::size_t scanned = 0;
    benchmark::DoNotOptimize(proxy::http::find_response_end(text, scanned, {}));
    if (proxy::http::parse_response_head(*head, text, false, {}))
      state.SkipWithError("refused");
  }
}
BENCHMARK(answer_head);

void upstream_head(benchmark::State& state) {
  const std::string text = steps::chat_head(900);
  const auto head = std::make_unique<proxy::http::request_head>();
  if (proxy::http::parse_request_head(*head, text, {}))
    return state.SkipWithError("refused");
  std::array<char, 8192> room;
  for (auto _ : state) {
    proxy::http::head_writer out{room};
    proxy::http::write_upstream_head(out, *head, {"api.deepseek.com", "", "sk-real"},
                                     "5f204bbdbaffe3446c80acd379783fd3",
                                     {proxy::http::framing::length, 900});
    benchmark::DoNotOptimize(out.text());
  }
}
BENCHMARK(upstream_head);

void inspect_body(benchmark::State& state) {
  const std::string body = steps::chat_body(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(policies::usage::inspect(body_format::chat, body, {}));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(inspect_body)->Arg(720)->Arg(20'000)->Arg(1'000'000);

void tap_answer(benchmark::State& state) {
  const std::string body = steps::answer_body();
  policies::usage::tap tap;
  for (auto _ : state) {
    tap.start(body_format::chat, policies::usage::tap::kind::plain, {});
    tap.feed(body);
    tap.finish();
    if (!tap.facts().usage)
      state.SkipWithError("no usage");
  }
}
BENCHMARK(tap_answer);

void tap_stream(benchmark::State& state) {
  std::string event =
      R"(data: {"id":"930c60df","object":"chat.completion.chunk","created":1,)"
      R"("model":"deepseek-flash","choices":[{"index":0,"delta":{"content":"word"},)"
      R"("finish_reason":null}],"usage":null})"
      "\n\n";
  policies::usage::tap tap;
  tap.start(body_format::chat, policies::usage::tap::kind::sse, {});
  for (auto _ : state)
    tap.feed(event);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(tap_stream);

} // namespace
