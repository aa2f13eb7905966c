// Read, or made and kept.
#include "proxy/stores/redis/node_file.hpp"

#include <fstream>
#include <string>

#include <openssl/rand.h>

#include "proxy/stores/redis/limit_wire.hpp"

namespace proxy::stores::redis {

outcome<std::uint64_t> node_in(const std::filesystem::path& directory) {
  const auto file = directory / "node";
  std::string text;
  if (std::ifstream in(file); in)
    std::getline(in, text);
  if (const auto known = unhex(text); known && *known != 0)
    return *known;
  std::uint64_t node = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&node), sizeof node);
  const auto fresh = directory / "node.new";
  std::ofstream(fresh) << hex(node) << "\n" << std::flush;
  std::error_code failed;
  std::filesystem::rename(fresh, file, failed);
  if (failed)
    return failure{errc::data_directory_unusable,
                   "cannot write " + file.string() + ": " + failed.message()};
  return node;
}

} // namespace proxy::stores::redis
