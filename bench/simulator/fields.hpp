// Typed access to a JSON object's members that remembers the first thing wrong. Knows upstream's
// wording of type errors; knows no field by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/json.hpp>

#include "bench/simulator/problem.hpp"

namespace simulator {

namespace json = boost::json;

class fields {
 public:
  explicit fields(const json::object& from) : from_(from) {}

  // Absent and null are both nullptr.
  const json::value* find(std::string_view name) const;

  bool flag(std::string_view name);
  std::optional<std::int64_t> whole_number(std::string_view name, std::int64_t low,
                                           std::int64_t high);
  std::string_view text(std::string_view name);
  std::string_view required_text(std::string_view name);
  const json::array* list(std::string_view name);
  const json::object* object(std::string_view name);

  void fail(problem what);
  const std::optional<problem>& failure() const { return failure_; }

 private:
  void wrong_type(std::string_view name, std::string_view wanted);

  const json::object& from_;
  std::optional<problem> failure_;
};

} // namespace simulator
