// What is left in this process's memory of secrets that were let go: nothing, however they came in.
// Looks at all of it, so the secret that is looked for may stand nowhere in the test either.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>

#include "proxy/secrets/key_keeper.hpp"
#include "proxy/secrets/resolve.hpp"
#include "proxy/secrets/wipe.hpp"
#include "tests/support/catch.hpp"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // they map terabytes

namespace secrets = proxy::secrets;

namespace {

// A secret that is only written down mirrored; the middle of one suffices to find it.
constexpr std::string_view mirrored = "9z8y7x6w5v4u3t2s1r0q-yranac-ks";

std::string canary() {
  return {mirrored.rbegin(), mirrored.rend()};
}

bool begins_with_canary(const char* at) {
  for (std::size_t i = 4; i + 4 < mirrored.size(); ++i)
    if (at[i] != mirrored[mirrored.size() - 1 - i])
      return false;
  return true;
}

std::size_t copies_in(const std::vector<char>& bytes, std::size_t length) {
  std::size_t found = 0;
  for (std::size_t i = 0; i + mirrored.size() <= length; ++i)
    if (bytes[i + 4] == mirrored[mirrored.size() - 5] && begins_with_canary(bytes.data() + i))
      ++found;
  return found;
}

// Copies of the secret in whatever this process may write to, but for the buffer it reads with.
std::size_t copies_in_memory() {
  static std::vector<char> buffer(1 << 20);
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  REQUIRE(memory >= 0);
  std::ifstream maps("/proc/self/maps");
  std::size_t found = 0;
  for (std::string line; std::getline(maps, line);) {
    unsigned long long from = 0, until = 0;
    char access[5] = {};
    if (std::sscanf(line.c_str(), "%llx-%llx %4s", &from, &until, access) != 3 ||
        std::strncmp(access, "rw", 2) != 0)
      continue;
    const auto own = reinterpret_cast<unsigned long long>(buffer.data());
    while (from < until) {
      if (from <= own && own < from + buffer.size()) {
        from = own + buffer.size(); // what it read before
        continue;
      }
      const auto wanted = std::min<unsigned long long>(until - from, buffer.size());
      const ssize_t got = ::pread(memory, buffer.data(), wanted, static_cast<off_t>(from));
      if (got <= 0)
        break;
      found += copies_in(buffer, static_cast<std::size_t>(got));
      // Over the edge of a piece, but not for ever over the end of the last one.
      from += got > 64 && from + static_cast<unsigned long long>(got) < until
                  ? static_cast<unsigned long long>(got) - 64
                  : static_cast<unsigned long long>(got);
    }
  }
  ::close(memory);
  return found;
}

struct secret_file {
  secret_file() {
    std::string pattern = (std::filesystem::temp_directory_path() / "canary-XXXXXX").string();
    const int fd = ::mkstemp(pattern.data()); // mode 0600
    REQUIRE(fd >= 0);
    path = pattern;
    std::string line = canary() + "\n";
    CHECK(::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    ::close(fd);
    secrets::wipe(line);
  }
  secret_file(const secret_file&) = delete;
  secret_file& operator=(const secret_file&) = delete;
  ~secret_file() { std::filesystem::remove(path); }
  std::string path;
};

proxy::outcome<std::string> read_again(const std::string& path) {
  return secrets::resolve({"file:" + path}, secrets::process_environment());
}

} // namespace

TEST_CASE("memory: a secret in use is found by looking, one that was wiped is not") {
  std::string secret = canary();
  CHECK(copies_in_memory() >= 1);
  secrets::wipe(secret);
  CHECK(secret.empty());
  CHECK(copies_in_memory() == 0);
}

TEST_CASE("memory: a secret that was read from a file leaves nothing but the caller's copy") {
  const secret_file file;
  auto found = read_again(file.path);
  REQUIRE(found.has_value());
  REQUIRE(found->size() == mirrored.size());
  CHECK(copies_in_memory() == 1);
  secrets::wipe(*found);
  CHECK(copies_in_memory() == 0);
}

TEST_CASE("memory: a fetch that brought the same key leaves nothing once the keeper is gone") {
  const secret_file file;
  std::promise<void> fetching;
  auto first = read_again(file.path);
  REQUIRE(first.has_value());
  {
    secrets::key_keeper keeper{std::chrono::seconds{0},
                               std::move(*first),
                               {.fetch =
                                    [&](const std::stop_token&) {
                                      auto again = read_again(file.path);
                                      fetching.set_value();
                                      return again;
                                    },
                                .publish = [](std::string) { std::abort(); }}};
    keeper.start();
    keeper.refused();
    fetching.get_future().wait();
  }
  CHECK(copies_in_memory() == 0);
}

TEST_CASE("memory: a key that was replaced is forgotten while the keeper goes on") {
  const secret_file file;
  std::promise<void> published;
  auto first = read_again(file.path);
  REQUIRE(first.has_value());
  secrets::key_keeper keeper{std::chrono::seconds{0},
                             std::move(*first),
                             {.fetch = [](const std::stop_token&) { return std::string(40, 'n'); },
                              .publish = [&](const std::string&) { published.set_value(); }}};
  CHECK(copies_in_memory() == 1);
  keeper.start();
  keeper.refused();
  published.get_future().wait();
  CHECK(copies_in_memory() == 0);
}

#endif
