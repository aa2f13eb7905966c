// Text in columns for a terminal. Whatever is shown is made harmless first: names come from others.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::cli {

// Control characters become ?, so that no name moves the cursor.
std::string harmless(std::string_view text);

struct column {
  std::string title;
  bool right = false; // numbers
};

class table {
 public:
  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Two blanks between columns, none at the ends of lines. With colours the states of keys stand
  // out.
  void print(std::ostream& out, bool colours = false) const;

 private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "1,048,576", "$0.0500" (exact, four decimals at the least), "12.5 %".
std::string grouped(std::int64_t number);
std::string dollars(double amount);
std::string percent(double share);

} // namespace proxy::cli
