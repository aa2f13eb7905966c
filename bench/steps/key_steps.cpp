// From the text of a secret to its key, among few and many; and a request's two journal entries.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "policies/keys/secret.hpp"
#include "proxy/journal/keeper.hpp"
#include "proxy/keys/key_directory.hpp"
#include "proxy/session/hasher.hpp"

namespace {

namespace fs = std::filesystem;

// Secrets of `count` published keys; the same for each run.
std::vector<std::string> publish(proxy::keys::key_directory& into, std::size_t count) {
  std::mt19937_64 random{7};
  proxy::session::hasher digest;
  std::vector<std::string> secrets;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::uint8_t, 20> bytes;
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(random());
    secrets.push_back(policies::keys::make_secret(bytes));
    auto record = policies::keys::defaults_of(policies::keys::key_type::production);
    record.id = policies::key_id{i + 1};
    record.name = std::to_string(i);
    record.secrets.push_back({digest.of(secrets.back()), "sk-ds-…", {}, std::nullopt});
    into.publish(std::move(record));
  }
  return secrets;
}

// A request's secret has just been received, so it is in the cache when it is looked up, and its
// key is not: secrets lie one behind the other in the order of their use, not in the table's.
void authenticate(benchmark::State& state) {
  proxy::keys::key_directory directory;
  auto secrets = publish(directory, static_cast<std::size_t>(state.range(0)));
  std::ranges::shuffle(secrets, std::mt19937_64{11});
  const std::size_t length = secrets.front().size();
  std::string in_order;
  for (const std::string& secret : secrets)
    in_order += secret;
  proxy::session::hasher digest;
  std::size_t next = 0;
  for (auto _ : state) {
    const std::string_view secret{in_order.data() + next, length};
    next = next + length == in_order.size() ? 0 : next + length;
    if (!policies::keys::well_formed(secret) || !directory.find(digest.of(secret)))
      return state.SkipWithError("unknown");
  }
}
BENCHMARK(authenticate)->Arg(100)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);

struct swallow final : proxy::journal::sink {
  bool apply(std::span<const proxy::journal::batch>) override { return true; }
};

void journal_request(benchmark::State& state) {
  std::string name = (fs::temp_directory_path() / "deepseek-steps-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    return state.SkipWithError("no temporary directory");
  swallow store;
  {
    proxy::journal::keeper_settings settings;
    settings.directory = name;
    auto keeper = proxy::journal::keeper::open(std::move(settings));
    (*keeper)->start(store);
    proxy::journal::lane* lane = *(*keeper)->make_lane();
    proxy::journal::entry e{};
    e.kind = proxy::journal::entry_kind::tally;
    for (auto _ : state) {
      while (!lane->room_for_intent())
        (*keeper)->flush();
      lane->append(e);
      lane->append(e);
    }
  }
  fs::remove_all(name);
}
BENCHMARK(journal_request);

} // namespace
