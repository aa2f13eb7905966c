// An entry's checksum, its model's name in a fixed field, and the endings in words.
#include "proxy/journal/entry.hpp"

#include <algorithm>
#include <cstring>

#include "proxy/journal/crc32c.hpp"

namespace proxy::journal {

std::string_view name_of(ending e) {
  switch (e) {
  case ending::complete:
    return "complete";
  case ending::no_usage:
    return "no_usage";
  case ending::cut:
    return "cut";
  case ending::refused:
    return "refused";
  case ending::client_gone:
    return "client_gone";
  case ending::client_gone_cut:
    return "client_gone_cut";
  case ending::not_dispatched:
    return "not_dispatched";
  case ending::interrupted:
    return "interrupted";
  case ending::expired:
    return "expired";
  case ending::kept:
    return "kept";
  }
  return "unknown";
}

std::uint32_t checksum_of(const entry& e) {
  return crc32c(std::as_bytes(std::span{&e, 1}).subspan(sizeof e.crc));
}

void set_model(entry& e, std::string_view model) {
  e.model.fill('\0');
  std::copy_n(model.begin(), std::min(model.size(), e.model.size()), e.model.begin());
}

std::string_view model_of(const entry& e) {
  return {e.model.data(), ::strnlen(e.model.data(), e.model.size())};
}

} // namespace proxy::journal
