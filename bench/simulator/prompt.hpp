// Reads a request's prompt, whatever its format: its size, the question in it, and whether it makes
// the simulator call a tool. Knows nothing of caps, models or streams.
#pragma once

#include "bench/simulator/ask.hpp"
#include "bench/simulator/fields.hpp"

namespace simulator {

// Fills out.question and out.call; problems are left in `in`.
prompt_size read_prompt(fields& in, ask& out);

} // namespace simulator
