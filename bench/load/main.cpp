// deepseek-bench-load [PATIENCE_MS [START_US [blocks]]]: reads a schedule from standard input, says
// "started" with the monotonic clock's microseconds (START_US if that is still to come), sends, and
// writes one line a request: SHOT SENT_US FIRST_US END_US STATUS BYTES HOW. bench/enforce/load.py
// and bench/compare/load.py are its callers.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

#include "bench/load/generator.hpp"

namespace {

constexpr std::int64_t head_start_us = 5'000; // until the first shot, for the line to be read

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void print(const load::outcome& o) {
  std::printf("%zu %lld %lld %lld %d %lld %.*s\n", o.shot, static_cast<long long>(o.sent_us),
              static_cast<long long>(o.first_us), static_cast<long long>(o.end_us), o.status,
              static_cast<long long>(o.bytes), static_cast<int>(o.how.size()), o.how.data());
}

} // namespace

int main(int count, char** words) {
  try {
    // As lines each is read as it happens; in blocks telling costs nothing beside sending.
    const bool blocks = count > 3 && std::string_view(words[3]) == "blocks";
    std::setvbuf(stdout, nullptr, blocks ? _IOFBF : _IOLBF, 1 << 16);
    const long patience_ms = count > 1 ? std::strtol(words[1], nullptr, 10) : 60'000;
    std::ios::sync_with_stdio(false);
    const auto what = load::read_schedule(std::cin);
    raise_descriptor_limit();
    const long long wanted_us = count > 2 ? std::strtoll(words[2], nullptr, 10) : 0;
    const auto start_us =
        std::max(load::monotonic_us() + head_start_us, static_cast<std::int64_t>(wanted_us));
    std::printf("started %lld\n", static_cast<long long>(start_us));
    std::fflush(stdout);
    load::generator(what, start_us, patience_ms * 1000, print).run();
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << "deepseek-bench-load: " << failure.what() << "\n";
    return 2;
  }
}
