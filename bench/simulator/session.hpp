// The life of one connection: requests in, answers out, until either side has enough.
#pragma once

#include <memory>

#include "bench/simulator/wire.hpp"
#include "bench/simulator/world.hpp"

namespace simulator {

asio::awaitable<void> serve_connection(std::shared_ptr<wire> peer, world& state);

} // namespace simulator
