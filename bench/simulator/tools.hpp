// Decides whether a request makes the simulator call one of its tools, and with which arguments.
// Knows the three formats' ways to declare and demand tools.
#pragma once

#include <optional>
#include <string_view>

#include <boost/json.hpp>

#include "bench/simulator/ask.hpp"

namespace simulator {

// `asked_to`: the prompt itself demands a call.
std::optional<tool_call> choose_tool(const boost::json::array* tools,
                                     const boost::json::value* choice, bool asked_to);

} // namespace simulator
