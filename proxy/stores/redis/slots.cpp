// CRC16 (XMODEM) and the words of redirections.
#include "proxy/stores/redis/slots.hpp"

#include <array>
#include <charconv>

namespace proxy::stores::redis {
namespace {

constexpr auto crc_table = [] {
  std::array<std::uint16_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    unsigned crc = i << 8;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    table[i] = static_cast<std::uint16_t>(crc);
  }
  return table;
}();

// "SLOT HOST:PORT"
bool read_target(std::string_view words, redirection& to) {
  const std::size_t space = words.find(' ');
  if (space == std::string_view::npos)
    return false;
  const auto read = std::from_chars(words.data(), words.data() + space, to.slot);
  return read.ec == std::errc{} && to.slot < slots_count &&
         read_place(words.substr(space + 1), to.to);
}

} // namespace

std::uint16_t slot_of(std::string_view key) {
  if (const std::size_t open = key.find('{'); open != std::string_view::npos)
    if (const std::size_t close = key.find('}', open + 1);
        close != std::string_view::npos && close != open + 1)
      key = key.substr(open + 1, close - open - 1);
  unsigned crc = 0;
  for (const char c : key)
    crc = (crc << 8 ^ crc_table[(crc >> 8 ^ static_cast<unsigned char>(c)) & 0xff]) & 0xffff;
  return static_cast<std::uint16_t>(crc % slots_count);
}

std::optional<redirection> read_redirection(std::string_view error) {
  redirection made;
  for (const auto& [word, what] : {std::pair{std::string_view{"MOVED "}, redirection::kind::moved},
                                   std::pair{std::string_view{"ASK "}, redirection::kind::ask}})
    if (error.starts_with(word)) {
      made.what = what;
      return read_target(error.substr(word.size()), made) ? std::optional{made} : std::nullopt;
    }
  made.what = redirection::kind::later;
  for (const std::string_view word :
       {"TRYAGAIN", "CLUSTERDOWN", "LOADING", "READONLY", "MASTERDOWN", "BUSY "})
    if (error.starts_with(word))
      return made;
  // A script on a replica, as Redis before 7 tells it.
  if (error.find("-READONLY ") != std::string_view::npos)
    return made;
  return std::nullopt;
}

} // namespace proxy::stores::redis
