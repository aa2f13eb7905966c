// Which fields end at this hop: by their name, or because Connection lists them.
#include "proxy/http/head.hpp"
#include "proxy/http/octets.hpp"

namespace proxy::http {

bool hop_by_hop(const field& f, std::string_view connection_options) {
  const field_id id = f.id == field_id::unlooked ? look_up(f.name) : f.id;
  if (has(id, hop_by_hop_field))
    return true;
  return !for_each_element(connection_options, [&](std::string_view option) {
    return !equal_ignoring_case(option, f.name);
  });
}

} // namespace proxy::http
