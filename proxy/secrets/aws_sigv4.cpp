// The four steps of the specification: canonical request, string to sign, signing key, signature.
#include "proxy/secrets/aws_sigv4.hpp"

#include <algorithm>
#include <map>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "proxy/secrets/digest.hpp"
#include "proxy/secrets/url.hpp"

namespace proxy::secrets {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return text;
}

// Without blanks at the ends, and one where several stand in a row.
std::string folded(std::string_view value) {
  std::string out;
  for (const char c : value)
    if (c != ' ' || (!out.empty() && out.back() != ' '))
      out += c;
  if (out.ends_with(' '))
    out.pop_back();
  return out;
}

// Sorted by name; fields of one name are joined.
std::map<std::string, std::string> canonical_fields(const http_request& request,
                                                    const location& to) {
  std::map<std::string, std::string> fields{{"host", to.host_field()}};
  for (const auto& [name, value] : request.headers) {
    const auto [at, is_new] = fields.try_emplace(lower(name), folded(value));
    if (!is_new)
      at->second += "," + folded(value);
  }
  return fields;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::string> parts;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    std::string part{query.substr(0, end)};
    if (part.find('=') == std::string::npos)
      part += '=';
    parts.push_back(std::move(part));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  std::ranges::sort(parts);
  return fmt::format("{}", fmt::join(parts, "&"));
}

} // namespace

outcome<void> sign(http_request& request, const aws_credentials& as, const aws_scope& scope) {
  const auto to = locate(request.url);
  if (!to)
    return to.error();
  const auto instant = std::chrono::system_clock::to_time_t(scope.now);
  const std::string time = fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(instant));
  const std::string day = time.substr(0, 8);
  request.headers.emplace_back("X-Amz-Date", time);
  if (!as.session_token.empty())
    request.headers.emplace_back("X-Amz-Security-Token", as.session_token);

  std::string fields;
  std::string names;
  for (const auto& [name, value] : canonical_fields(request, *to)) {
    fields += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, percent_encoded(to->path(), "/"),
                  canonical_query(to->query()), fields, names, hex_of(sha256(request.body)));

  const std::string where = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", algorithm, time, where, hex_of(sha256(canonical)));
  std::string key = "AWS4" + as.secret;
  for (const std::string& step : {day, scope.region, scope.service, std::string("aws4_request")})
    key = hmac_sha256(key, step);
  request.headers.emplace_back(
      "Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                                   as.key_id, where, names, hex_of(hmac_sha256(key, to_sign))));
  return {};
}

} // namespace proxy::secrets
