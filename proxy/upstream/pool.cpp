// Opening, keeping and dropping connections.
#include "proxy/upstream/pool.hpp"

#include <algorithm>

#include "proxy/upstream/connect.hpp"

namespace proxy::upstream {

pool::pool(io::reactor& loop, const resolver& names, pool_settings settings)
    : loop_(loop), names_(names), settings_(std::move(settings)) {
  idle_.reserve(settings_.idle_max);
  loop_.every_tick([this](io::deadline now) { drop_expired(now); });
}

pool::~pool() {
  for (const idle_connection& item : idle_) {
    item.which->unwatch();
    item.which->close();
  }
}

io::stream* pool::take_idle() {
  if (idle_.empty())
    return nullptr;
  io::stream* connection = idle_.back().which;
  idle_.pop_back();
  connection->unwatch();
  return connection;
}

void pool::give_back(io::stream& connection) {
  // Bytes nobody asked for would be taken for the answer to the next request.
  if (idle_.size() >= settings_.idle_max || !connection.quiet())
    return connection.close();
  idle_.push_back({&connection, loop_.in(settings_.idle_timeout)});
  connection.watch_idle(
      [](void* self, io::stream& which) { static_cast<pool*>(self)->drop(which); }, this);
}

// An idle connection that speaks is out of step; one that ends is gone. Either way it goes.
void pool::drop(io::stream& which) {
  const auto found = std::find_if(idle_.begin(), idle_.end(), [&](const idle_connection& item) {
    return item.which == &which;
  });
  if (found != idle_.end())
    idle_.erase(found);
  which.unwatch();
  which.close();
}

void pool::drop_expired(io::deadline now) {
  // Oldest first: the front of a last-in-first-out stack.
  std::size_t expired = 0;
  while (expired < idle_.size() && idle_[expired].drop_at <= now) {
    idle_[expired].which->unwatch();
    idle_[expired].which->close();
    ++expired;
  }
  idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(expired));
}

io::task<outcome<io::stream*>> pool::connect() {
  const std::vector<endpoint> candidates = names_.endpoints();
  const connect_settings how{settings_.host, settings_.tls, settings_.connect_timeout,
                             settings_.receive_buffer_bytes};
  failure last = unreachable(settings_.host, "its name has no address yet");
  // Each address once, beginning where the last success was.
  for (std::size_t i = 0; i < candidates.size() && !loop_.stopping(); ++i) {
    const endpoint to = candidates[(next_endpoint_ + i) % candidates.size()];
    auto attempt = connect_to(loop_, to, how);
    outcome<io::stream*> made = co_await std::move(attempt);
    if (made) {
      next_endpoint_ = (next_endpoint_ + i) % candidates.size();
      ++opened_;
      co_return made;
    }
    last = made.error();
  }
  co_return last;
}

} // namespace proxy::upstream
