// Every endpoint's coroutine, and the routing between them. Each answers its exchange completely.
#pragma once

#include "bench/simulator/ask.hpp"
#include "bench/simulator/exchange.hpp"

namespace simulator {

// Authentication, faults that precede any answer, then the endpoint.
asio::awaitable<void> respond(exchange& x);

asio::awaitable<void> infer(exchange& x, format kind, bool beta);
asio::awaitable<void> serve_models(exchange& x, std::string id);
asio::awaitable<void> serve_balance(exchange& x);
asio::awaitable<void> serve_tool(exchange& x, std::string tool);
asio::awaitable<void> serve_files(exchange& x, std::string rest);

// Below /__sim/: the test's own door, without key, bill or faults.
bool is_control(std::string_view target);
asio::awaitable<bool> serve_control(world& state, wire& peer, const http_request& request);

// Faults instead of an answer: stall, reset, garbage. True: it happened.
asio::awaitable<bool> withhold_answer(exchange& x);

} // namespace simulator
