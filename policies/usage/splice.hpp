// Sets or lowers output caps (and replaces the model's name) by cutting into the body as it came:
// never re-serialised, so every other byte reaches the upstream unchanged.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policies/usage/inspect.hpp"

namespace policies::usage {

struct edit {
  std::size_t offset = 0; // ascending, not overlapping
  std::size_t remove = 0;
  std::string_view insert; // view into edits::storage
};

// Holds at most eight edits and a kilobyte of text; more is a bug of ours (std::length_error).
class edits {
 public:
  edits() = default;
  edits(const edits& other); // views follow the text they were copied with
  edits& operator=(const edits& other);
  ~edits() = default;

  std::span<const edit> list() const { return {list_.data(), count_}; }
  bool empty() const { return count_ == 0; }
  void clear() { count_ = stored_ = 0; }
  std::size_t resulting_size(std::size_t body_size) const;
  void add(std::size_t offset, std::size_t remove, std::string_view text); // copies text; sorts

 private:
  std::array<edit, 8> list_{};
  std::size_t count_ = 0;
  std::array<char, 1024> storage_; // the first stored_ bytes are text
  std::size_t stored_ = 0;
};

// Every cap present that is null or above `cap` becomes `cap`; where none is present the format's
// own field is inserted. A cap at or below `cap` stays as the client wrote it.
// `model`: replaces the asked name (aliases); nullopt leaves it.
void plan_edits(edits& out, body_format format, const inspection& request, tokens cap,
                std::optional<std::string_view> model);

std::string apply(std::string_view body, const edits& changes); // for tests and small bodies

} // namespace policies::usage
