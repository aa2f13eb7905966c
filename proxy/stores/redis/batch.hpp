// Commands put together to be sent in one go, each with the slot it belongs to. No socket.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "proxy/stores/redis/resp.hpp"
#include "proxy/stores/redis/scripts.hpp"
#include "proxy/stores/redis/slots.hpp"

namespace proxy::stores::redis {

// A call of a script, its keys and arguments given in any order. All keys lie in one slot.
class script_call {
 public:
  explicit script_call(script which) : which_(which) {}
  script_call& key(std::string_view name);
  script_call& argument(std::string_view value);
  std::size_t keys() const { return keys_; }
  std::uint16_t slot() const { return slot_; }
  void write(std::string& out) const;

 private:
  script which_;
  std::string key_bytes_;
  std::string argument_bytes_;
  std::size_t keys_ = 0;
  std::size_t arguments_ = 0;
  std::uint16_t slot_ = 0;
};

class batch {
 public:
  batch() = default;
  explicit batch(const script_call& call) { add(call); }
  batch& add(const script_call& call);
  // The key comes first in each of them, or there is none and any node will do.
  template <class... Text>
  batch& add(std::string_view name, const Text&... arguments) {
    command_writer writer{bytes_, 1 + sizeof...(arguments)};
    writer << name;
    std::string_view first;
    ((first = first.data() ? first : std::string_view{arguments},
      writer << std::string_view{arguments}),
     ...);
    return end(first);
  }
  batch& add(std::span<const std::string> words);

  std::size_t size() const { return commands_.size(); }
  const std::string& bytes() const { return bytes_; }
  std::uint16_t slot(std::size_t index) const { return commands_[index].slot; }
  std::string_view bytes_of(std::size_t index) const;

 private:
  batch& end(std::string_view key);
  struct command {
    std::size_t end;
    std::uint16_t slot;
  };
  std::string bytes_;
  std::vector<command> commands_;
};

} // namespace proxy::stores::redis
