// A certificate that is renewed while the proxy runs: the files are looked at again, and what is
// wrong with them leaves the last good one in use. Whoever serves with it is told of each new one.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <vector>

#include "proxy/tls/server_context.hpp"

namespace proxy::tls {

// One thread's, but for the figures.
class certificates {
 public:
  using publish = std::function<void(const context&)>;

  static outcome<std::unique_ptr<certificates>> load(server_files files);
  const context& now() const { return now_; }

  // Loads the files if they differ from those in use, or `anyway`, and tells of what was loaded.
  void look(bool anyway, const publish& tell);

  std::uint64_t failures() const { return failures_; }
  std::int64_t expires_s() const { return expires_s_; } // seconds since 1970

 private:
  // Enough to tell that somebody wrote: a renewal often keeps the size.
  struct stamp {
    std::filesystem::file_time_type written{};
    std::uintmax_t size = 0;
    bool operator==(const stamp&) const = default;
  };
  using stamps = std::vector<stamp>;

  certificates(server_files files, context first, stamps of);
  static stamps stamps_of(const server_files& files);

  server_files files_;
  context now_;
  stamps loaded_;
  stamps refused_; // of files that cannot be used: said once
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::int64_t> expires_s_{0};
};

} // namespace proxy::tls
