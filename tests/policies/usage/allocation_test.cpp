// Reading a request, planning its edits and tapping its answer must not allocate once warm. Counts
// the whole program's calls of operator new.
#include <cstdlib>
#include <new>

#include "policies/usage/inspect.hpp"
#include "policies/usage/splice.hpp"
#include "tests/policies/usage/answer_samples.hpp"
#include "tests/support/catch.hpp"

namespace {

std::size_t allocations = 0;

void* counted(std::size_t size) noexcept {
  ++allocations;
  return std::malloc(size);
}

void* counted_or_throw(std::size_t size) {
  if (void* memory = counted(size))
    return memory;
  throw std::bad_alloc{};
}

} // namespace

void* operator new(std::size_t size) {
  return counted_or_throw(size);
}
void* operator new[](std::size_t size) {
  return counted_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

using namespace policies::usage;

TEST_CASE("usage: reading a request and planning its edits allocates nothing") {
  const std::string body =
      R"({"m\u006fdel":"deepseek-flash","messages":[{"role":"user","content":[{"type":"text",)"
      R"("text":"h\u00e9 )" +
      std::string(5000, 'x') +
      R"("}]}],"tools":[{"type":"function"}],)"
      R"("stream":true,"stream_options":{"include_usage":true},"max_tokens":null,"n":2})";
  edits changes;
  const std::size_t before = allocations;
  const auto seen = inspect(body_format::chat, body, {});
  const auto* request = std::get_if<inspection>(&seen);
  if (request)
    plan_edits(changes, body_format::chat, *request, policies::tokens{500}, "deepseek-v4-pro");
  const std::size_t after = allocations;
  REQUIRE(request != nullptr);
  CHECK(changes.list().size() == 2);
  CHECK(after == before);
}

TEST_CASE("usage: a warm tap allocates nothing") {
  tap listener;
  listener.start(body_format::chat, tap::kind::plain, {});
  const auto& samples = answer_samples();
  const std::size_t before = allocations;
  std::size_t with_usage = 0;
  for (const auto& sample : samples) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{50}, sample.body.size()}) {
      listener.start(sample.format, sample.kind, {});
      for (std::size_t at = 0; at < sample.body.size(); at += piece)
        listener.feed(std::string_view{sample.body}.substr(at, piece));
      listener.finish();
      with_usage += listener.facts().usage.has_value();
    }
  }
  const std::size_t after = allocations;
  CHECK(with_usage >= 20);
  CHECK(after == before);
}
