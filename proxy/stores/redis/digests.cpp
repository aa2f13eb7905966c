// Names of scripts.
#include <openssl/evp.h>

#include "proxy/hex.hpp"
#include "proxy/stores/redis/scripts.hpp"

namespace proxy::stores::redis {
namespace {

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &length, EVP_sha1(), nullptr);
  return hex(std::span{hash}.first(length));
}

} // namespace

const std::string& digest_of(script which) {
  static const auto all = [] {
    std::array<std::string, all_scripts.size()> made;
    for (const script each : all_scripts)
      made[static_cast<std::size_t>(each)] = sha1_hex(source_of(each));
    return made;
  }();
  return all[static_cast<std::size_t>(which)];
}

} // namespace proxy::stores::redis
