// Runs targets without a fuzzing engine: every seed, then so many mutants of seeds. For builds with
// any compiler, in the short time that CI has; libfuzzer.cpp is for the long run.
//
//   fuzz_quick SEEDS [--rounds N] [--seed S] [TARGET | FILE]...
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/fuzz/target.hpp"

namespace {

namespace fs = std::filesystem;
using inputs = std::vector<std::string>;

// What runs, for whoever looks at a crash: written down when the program ends by a failed claim.
std::string input_at_work;
std::string target_at_work;

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inputs seeds_of(const fs::path& folder) {
  inputs all;
  if (fs::exists(folder))
    for (const auto& file : fs::directory_iterator(folder))
      all.push_back(read(file.path()));
  std::ranges::sort(all); // directories have no order
  return all;
}

std::string mutant(const inputs& seeds, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::string_view telling{"\0\r\n\"{[:,0-\xff", 11};
  std::string text = seeds[below(seeds.size())];
  for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
    const std::size_t at = below(text.size() + 1);
    const std::string& other = seeds[below(seeds.size())];
    const std::size_t from = below(other.size() + 1);
    switch (below(7)) {
    case 0:
      if (at < text.size())
        text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
      break;
    case 1:
      if (at < text.size())
        text[at] = static_cast<char>(random());
      break;
    case 2:
      text.erase(at, 1 + below(8));
      break;
    case 3:
      text.insert(at, other.substr(from, 1 + below(16)));
      break;
    case 4:
      text = text.substr(0, at) + other.substr(from);
      break;
    case 5:
      text.insert(at, text.substr(below(text.size() + 1), 1 + below(32)));
      break;
    default:
      text.insert(at, 1 + below(5), telling[below(telling.size())]);
    }
  }
  return text.substr(0, 16 * 1024);
}

void keep_input(int) {
  const std::string name = "crash-" + target_at_work;
  std::ofstream(name, std::ios::binary) << input_at_work;
  std::fprintf(stderr, "fuzz: %s fails; its input is kept as %s\n", target_at_work.c_str(),
               name.c_str());
  std::_Exit(1);
}

void run(const fuzz::target& what, std::string input) {
  target_at_work = what.name;
  input_at_work = std::move(input);
  what.run(input_at_work);
}

struct plan {
  fs::path seeds;
  std::size_t rounds = 0; // 0: each target's own
  std::uint64_t seed = 20270301;
  inputs files{};
};

void run_all(const fuzz::target& what, const plan& how) {
  for (const std::string& file : how.files)
    run(what, file);
  if (!how.files.empty())
    return;
  const inputs seeds = seeds_of(how.seeds / what.name);
  if (seeds.empty()) {
    std::fprintf(stderr, "fuzz: no seeds in %s\n", (how.seeds / what.name).c_str());
    std::exit(2);
  }
  for (const std::string& seed : seeds)
    run(what, seed);
  std::mt19937_64 random{how.seed};
  const std::size_t rounds = how.rounds > 0 ? how.rounds : what.quick_rounds;
  for (std::size_t round = 0; round < rounds; ++round)
    run(what, mutant(seeds, random));
  std::printf("%-16s %3zu seeds, %zu mutants\n", std::string(what.name).c_str(), seeds.size(),
              rounds);
  std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
  plan how;
  std::vector<const fuzz::target*> chosen;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--rounds" && i + 1 < argc)
      how.rounds = std::strtoull(argv[++i], nullptr, 10);
    else if (word == "--seed" && i + 1 < argc)
      how.seed = std::strtoull(argv[++i], nullptr, 10);
    else if (const fuzz::target* one = fuzz::target_named(word))
      chosen.push_back(one);
    else if (fs::is_directory(word))
      how.seeds = word;
    else if (fs::exists(word))
      how.files.push_back(read(word));
    else
      return std::fprintf(stderr, "fuzz: what is %s?\n", word.c_str()), 2;
  }
  std::signal(SIGABRT, keep_input);
  if (chosen.empty())
    for (const fuzz::target& one : fuzz::all_targets())
      chosen.push_back(&one);
  for (const fuzz::target* one : chosen)
    run_all(*one, how);
  return 0;
}
