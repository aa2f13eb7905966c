// What inspect should say, worked out slowly from a parsed tree: the other side of the
// differential test.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "policies/usage/inspect.hpp"

struct expected_inspection {
  std::string model;
  bool stream = false;
  bool include_usage = false;
  std::map<std::string, std::optional<std::int64_t>> caps;
  std::int64_t multiplicity = 1;
  std::int64_t prompt_bound = 0;
  std::size_t message_count = 0;
  bool unbounded_prompt = false;
  bool has_images = false;
  bool thinking_disabled = false;
  bool reasoning_max = false;
};

// nullopt: the body must be refused.
std::optional<expected_inspection> expect_inspection(policies::usage::body_format format,
                                                     std::string_view body, std::size_t depth_max);
