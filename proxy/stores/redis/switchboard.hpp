// One data thread's connections to all nodes that serve keys: which of them a root's limits lie on,
// and where to go when a node says that it was the wrong one. It follows the topology; connections
// to nodes that have left rest until there is another for them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "proxy/stores/redis/pipeline.hpp"

namespace proxy::stores::redis {

class switchboard {
 public:
  switchboard(io::reactor& loop, topology& nodes, pipeline::asker& whom,
              pipeline_settings settings);

  void start(); // on the loop's thread, once
  // nullptr: the one that serves this root is away, or nobody does.
  pipeline* serving(std::uint64_t root);

  struct detour {
    pipeline* at = nullptr; // nullptr: wait a moment, then serving() again
    bool asking = false;    // ask_first()
    bool trouble = false;   // more than a slot on its way: worth telling
  };
  // nullopt: an error that asking again does not mend.
  std::optional<detour> way_around(const redisReply& error, const pipeline& said_by);
  // The next command there is answered although the slot is only on its way there.
  void ask_first(pipeline& at);

 private:
  void follow();
  void tick(io::deadline now);
  pipeline& line_to(const node& at);
  pipeline& add_line();
  pipeline* known(const place& at);

  io::reactor& loop_;
  topology& nodes_;
  pipeline::asker& whom_;
  pipeline_settings settings_;
  std::uint64_t seen_ = 0; // version of the map
  bool started_ = false;
  std::vector<std::unique_ptr<pipeline>> lines_;
  std::vector<pipeline*> by_slot_; // one for all, or one a slot; nullptr: nobody
};

} // namespace proxy::stores::redis
