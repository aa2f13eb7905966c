// What reads strangers' bytes, each as a function of one input. It must not crash, and what it
// claims about the input is held against a second opinion wherever there is one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

struct target {
  std::string_view name; // and the folder of its seeds
  void (*run)(std::string_view input);
  std::size_t quick_rounds = 20'000; // of the short run in CI: what takes about a second
};
std::span<const target> all_targets();
const target* target_named(std::string_view name);

// Ends the program, as a sanitizer would: `what` was claimed and is not so.
void claim(bool holds, std::string_view what);

void request_head(std::string_view input);
void response_head(std::string_view input);
void chunked_body(std::string_view input);
void json_inspection(std::string_view input);
void answer_tap(std::string_view input);
void configuration(std::string_view input);
void price_table(std::string_view input);
void key_secret(std::string_view input);
void admin_body(std::string_view input);
void journal_file(std::string_view input);
void redis_reply(std::string_view input);

// Numbers for a target's own choices, drawn from the front of its input; 0 once it is used up.
class choices {
 public:
  explicit choices(std::string_view input) : rest_(input) {}
  std::uint8_t next() {
    if (rest_.empty())
      return 0;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return static_cast<std::uint8_t>(c);
  }
  std::size_t below(std::size_t bound) { return next() % bound; }

 private:
  std::string_view rest_;
};

inline std::string_view behind(std::string_view input, std::size_t bytes) {
  return input.substr(std::min(bytes, input.size()));
}

// The text without a byte to spare: reading beyond it is a sanitizer's finding.
struct exact_copy {
  explicit exact_copy(std::string_view text) : bytes(text.begin(), text.end()) {}
  std::string_view view() const { return {bytes.data(), bytes.size()}; }
  std::vector<char> bytes;
};

} // namespace fuzz
