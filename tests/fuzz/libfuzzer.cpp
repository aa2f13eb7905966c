// The door for libFuzzer: one program for all targets, FUZZ_TARGET says which. Kept apart from the
// targets so that these build with any compiler.
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/target.hpp"

namespace {

const fuzz::target* chosen = nullptr;

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("FUZZ_TARGET");
  chosen = fuzz::target_named(name ? name : "");
  if (chosen)
    return 0;
  std::fputs("FUZZ_TARGET is to be one of:", stderr);
  for (const fuzz::target& one : fuzz::all_targets())
    std::fprintf(stderr, " %s", std::string(one.name).c_str());
  std::fputs("\n", stderr);
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
