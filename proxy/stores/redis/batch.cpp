// Bytes of commands.
#include "proxy/stores/redis/batch.hpp"

namespace proxy::stores::redis {

script_call& script_call::key(std::string_view name) {
  append_argument(key_bytes_, name);
  if (keys_++ == 0)
    slot_ = slot_of(name);
  return *this;
}

script_call& script_call::argument(std::string_view value) {
  append_argument(argument_bytes_, value);
  ++arguments_;
  return *this;
}

void script_call::write(std::string& out) const {
  command_writer writer{out, 3 + keys_ + arguments_};
  writer << "EVALSHA" << digest_of(which_) << std::to_string(keys_);
  out += key_bytes_;
  out += argument_bytes_;
}

batch& batch::add(const script_call& call) {
  call.write(bytes_);
  commands_.push_back({bytes_.size(), call.slot()});
  return *this;
}

batch& batch::add(std::span<const std::string> words) {
  command_writer writer{bytes_, words.size()};
  for (const std::string& each : words)
    writer << each;
  return end(words.size() > 1 ? std::string_view{words[1]} : std::string_view{});
}

batch& batch::end(std::string_view key) {
  commands_.push_back({bytes_.size(), slot_of(key)});
  return *this;
}

std::string_view batch::bytes_of(std::size_t index) const {
  const std::size_t begin = index == 0 ? 0 : commands_[index - 1].end;
  return std::string_view{bytes_}.substr(begin, commands_[index].end - begin);
}

} // namespace proxy::stores::redis
