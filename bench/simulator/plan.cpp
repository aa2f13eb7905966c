// A friendly sentence by default; filler up to the cap where a test wants the worst case.
#include "bench/simulator/plan.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace simulator {
namespace {

std::string friendly(const ask& request) {
  if (request.kind == format::fim)
    return "  return \"completed by the DeepSeek simulator\"";
  if (request.json_mode)
    return fmt::format(R"({{"answer": "Hello from the DeepSeek simulator!", "question": {}}})",
                       quoted(request.question));
  if (request.question.empty())
    return "Hello from the DeepSeek simulator! Everything between you and me works.";
  return fmt::format("Hello from the DeepSeek simulator! You asked: \"{}\". I only pretend to "
                     "think, but everything between you and me works.",
                     request.question);
}

void write_words(plan& made, const ask& request, const behaviour& how) {
  const std::int64_t cap = request.output_cap;
  if (how.greedy || how.output_tokens >= 0) {
    const std::int64_t total = how.output_tokens >= 0 ? std::min(how.output_tokens, cap) : cap;
    const std::int64_t thought = request.thinking ? total / 2 : 0;
    made.reasoning = token_text::filler(thought);
    made.content = token_text::filler(total - thought);
    made.finish = total == cap ? ending::length : ending::stop;
    return;
  }
  if (request.thinking)
    made.reasoning = token_text::of("Somebody asks the simulator something. A short and friendly "
                                    "answer will do.");
  made.reasoning.cut(cap);
  const std::int64_t left = cap - made.reasoning.tokens();
  if (request.call) {
    const auto size = request.call->name.size() + request.call->arguments.size();
    const std::int64_t needed = 4 + static_cast<std::int64_t>(size) / 4;
    if (needed <= left) {
      made.call = request.call;
      made.call_tokens = needed;
      made.finish = ending::tool_calls;
      return;
    }
  }
  made.content = token_text::of(friendly(request));
  made.finish = made.content.tokens() > left ? ending::length : ending::stop;
  made.content.cut(left);
}

} // namespace

plan make_plan(const ask& request, const behaviour& how, dice& chance, instant now) {
  plan made;
  const auto high = chance.next();
  const auto low = chance.next();
  made.id = fmt::format("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                        high & 0xFFF, low >> 52, low & 0xFFFF'FFFF'FFFF);
  made.model = request.model;
  made.created = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  made.prompt_tokens = request.prompt_tokens;
  const double lot = how.cached_random ? chance.share() : 1.0;
  made.cached_tokens = static_cast<std::int64_t>(static_cast<double>(request.prompt_tokens) *
                                                 how.cached_fraction * lot);
  made.thinking = request.thinking;
  made.include_usage = request.include_usage;
  made.output_cap = request.output_cap;
  write_words(made, request, how);
  return made;
}

} // namespace simulator
