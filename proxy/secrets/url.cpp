// The host and port are judged by the same rules as the upstream's URL.
#include "proxy/secrets/url.hpp"

#include <algorithm>

#include "proxy/config/settings.hpp"

namespace proxy::secrets {

std::string location::host_field() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string field = is_v6 ? "[" + host + "]" : host;
  if (port != (tls ? 443 : 80))
    field += ":" + std::to_string(port);
  return field;
}

std::string_view location::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view location::query() const {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

outcome<location> locate(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path =
      scheme == std::string_view::npos ? scheme : url.find_first_of("/?#", scheme + 3);
  const auto base = config::parse_upstream(url.substr(0, path));
  if (!base)
    return base.error();
  location to{base->tls, base->host, base->port, "/"};
  if (path == std::string_view::npos)
    return to;
  to.target = url.substr(path);
  if (to.target.front() != '/')
    to.target.insert(0, 1, '/');
  const bool visible = std::ranges::all_of(
      to.target, [](char c) { return c > ' ' && c < 0x7f && c != '#' && c != '"'; });
  if (!visible)
    return failure{errc::bad_configuration,
                   "the URL at " + to.host_field() +
                       " has a fragment, a blank or another character that is not allowed"};
  return to;
}

std::string percent_encoded(std::string_view text, std::string_view also) {
  constexpr std::string_view unreserved =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (unreserved.find(c) != std::string_view::npos || also.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out += out.empty() ? "" : "&";
    out += percent_encoded(name) + "=" + percent_encoded(value);
  }
  return out;
}

std::string without_trailing_slash(std::string url) {
  while (url.ends_with('/'))
    url.pop_back();
  return url;
}

} // namespace proxy::secrets
