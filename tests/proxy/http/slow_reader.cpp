// Everything is split into strings first and judged afterwards, rule by rule.
#include "tests/proxy/http/slow_reader.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace slow {
namespace {

const std::string digits = "0123456789";
const std::string letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const std::string hex = digits + "abcdefABCDEF";
const std::string token = digits + letters + "!#$%&'*+-.^_`|~";
const std::string target_octets = digits + letters + "!$%&'()*+,-./:;=?@[]_~";

bool only(const std::string& text, const std::string& allowed) {
  return text.find_first_not_of(allowed) == std::string::npos;
}
bool is_token(const std::string& text) {
  return !text.empty() && only(text, token);
}
bool is_text(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet == 9 || (octet >= 32 && octet != 127);
  });
}
std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return text;
}
std::string trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos)
    return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}
std::vector<std::string> split(const std::string& text, const std::string& by) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(by, at)) != std::string::npos; at = found + by.size())
    parts.push_back(text.substr(at, found - at));
  parts.push_back(text.substr(at));
  return parts;
}

// First line and fields of one whole head.
std::optional<std::pair<std::string, fields>> read_lines(const std::string& text) {
  if (text.size() < 4 || text.substr(text.size() - 4) != "\r\n\r\n")
    return std::nullopt;
  const auto lines = split(text.substr(0, text.size() - 4), "\r\n");
  fields all;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty() || !is_text(lines[i]))
      return std::nullopt;
    const std::size_t colon = lines[i].find(':');
    if (i == 0)
      continue;
    if (colon == std::string::npos || !is_token(lines[i].substr(0, colon)))
      return std::nullopt;
    all.emplace_back(lines[i].substr(0, colon), trim(lines[i].substr(colon + 1)));
  }
  if (all.size() > 100)
    return std::nullopt;
  return std::pair{lines[0], all};
}

std::vector<std::string> values(const fields& all, const std::string& name) {
  std::vector<std::string> found;
  for (const auto& [n, v] : all)
    if (lower(n) == name)
      found.push_back(v);
  return found;
}

// Content-Length and Transfer-Encoding, at most one of both; false: refused.
bool read_framing(const fields& all, bool http_1_1, bool& chunked,
                  std::optional<std::uint64_t>& length) {
  const auto te = values(all, "transfer-encoding");
  const auto cl = values(all, "content-length");
  if (te.size() + cl.size() > 1)
    return false;
  chunked = te.size() == 1;
  if (chunked)
    return http_1_1 && lower(te[0]) == "chunked";
  if (cl.empty())
    return true;
  const std::string& text = cl[0];
  if (text.empty() || !only(text, digits) || (text.size() > 1 && text[0] == '0'))
    return false;
  if (text.size() > 19 || (text.size() == 19 && text > "9223372036854775807"))
    return false;
  length = std::stoull(text);
  return true;
}

// Connection's options; false: refused.
bool read_options(const fields& all, std::set<std::string>& options) {
  const auto connection = values(all, "connection");
  if (connection.size() > 1)
    return false;
  if (connection.empty())
    return true;
  for (const std::string& part : split(connection[0], ","))
    if (!trim(part).empty()) {
      if (!is_token(trim(part)))
        return false;
      options.insert(lower(trim(part)));
    }
  return true;
}

bool is_host(const std::string& text) {
  std::string name = text;
  std::string port;
  const std::size_t bracket = text.find(']');
  const std::size_t colon =
      text.find(':', text.starts_with("[") && bracket != std::string::npos ? bracket : 0);
  if (colon != std::string::npos) {
    name = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty() || port.size() > 5 || !only(port, digits) || std::stoul(port) > 65535)
      return false;
  }
  if (name.starts_with("["))
    return name.size() >= 4 && name.ends_with("]") && name.find(':') != std::string::npos &&
           only(name.substr(1, name.size() - 2), hex + ":.");
  return !name.empty() && text.size() <= 255 && only(name, digits + letters + "-._~");
}

bool is_good_target(const std::string& target) {
  if (target.empty() || target.size() > 8192 || !only(target, target_octets))
    return false;
  for (std::size_t i = 0; i < target.size(); ++i)
    if (target[i] == '%') {
      const std::string escape = target.substr(i + 1, 2);
      if (escape.size() != 2 || !only(escape, hex))
        return false;
      const unsigned long octet = std::stoul(escape, nullptr, 16);
      if (octet < 32 || octet == 127)
        return false;
      i += 2;
    }
  return true;
}

// Origin form of a target, "" for none.
std::string origin_form(const request& r) {
  if (r.target == "*")
    return r.method == "OPTIONS" ? "*" : "";
  if (r.target.starts_with("/"))
    return r.target;
  for (const std::string scheme : {"http://", "https://"}) {
    const std::string prefix = scheme + lower(r.host);
    if (lower(r.target).substr(0, prefix.size()) != prefix)
      continue;
    const std::string rest = r.target.substr(prefix.size());
    if (rest.empty())
      return "/";
    return rest[0] == '/' ? rest : "";
  }
  return "";
}

const std::set<std::string> known = {"te",
                                     "host",
                                     "cookie",
                                     "cookie2",
                                     "expect",
                                     "origin",
                                     "server",
                                     "alt-svc",
                                     "referer",
                                     "trailer",
                                     "upgrade",
                                     "forwarded",
                                     "x-api-key",
                                     "x-real-ip",
                                     "connection",
                                     "keep-alive",
                                     "set-cookie",
                                     "set-cookie2",
                                     "user-agent",
                                     "retry-after",
                                     "content-type",
                                     "x-request-id",
                                     "authorization",
                                     "x-http-method",
                                     "x-rewrite-url",
                                     "content-length",
                                     "http2-settings",
                                     "x-original-url",
                                     "accept-encoding",
                                     "idempotency-key",
                                     "content-encoding",
                                     "transfer-encoding",
                                     "x-method-override",
                                     "x-http-method-override",
                                     "strict-transport-security"};

bool is_known(const std::string& name) {
  for (const std::string family : {"proxy-", "x-forwarded-", "x-ratelimit-", "x-budget-"})
    if (name.starts_with(family))
      return true;
  return known.contains(name);
}
bool is_twin(const std::string& name) {
  std::string dashed = lower(name);
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  return name.size() <= 64 && is_known(dashed) && !is_known(lower(name));
}

bool has_twice(const fields& all, std::initializer_list<std::string> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return values(all, name).size() > 1; });
}

bool is_extension_list(std::string text) {
  while (!text.empty()) {
    if (text[0] != ';')
      return false;
    std::size_t end = std::min(text.find_first_not_of(token, 1), text.size());
    if (end == 1)
      return false;
    text = text.substr(end);
    if (!text.starts_with("="))
      continue;
    if (!text.starts_with("=\"")) {
      end = std::min(text.find_first_not_of(token, 1), text.size());
      if (end == 1)
        return false;
      text = text.substr(end);
      continue;
    }
    for (end = 2; end < text.size() && text[end] != '"'; ++end)
      if (text[end] == '\\')
        ++end;
    if (end >= text.size())
      return false;
    text = text.substr(end + 1);
  }
  return true;
}

bool is_harmless_trailer(const std::string& line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos || !is_token(line.substr(0, colon)))
    return false;
  const std::string name = lower(line.substr(0, colon));
  static const std::set<std::string> harmless = {"alt-svc",      "retry-after",
                                                 "server",       "user-agent",
                                                 "x-request-id", "strict-transport-security"};
  const bool ours = name.starts_with("x-ratelimit-") || name.starts_with("x-budget-");
  return !is_twin(name) && (!is_known(name) || ours || harmless.contains(name));
}

} // namespace

std::optional<request> read_request(std::string text) {
  if (text.starts_with("\r\n"))
    text = text.substr(2);
  const auto lines = read_lines(text);
  if (!lines)
    return std::nullopt;
  const auto words = split(lines->first, " ");
  if (words.size() != 3 || !is_token(words[0]) || words[0].size() > 32 ||
      (words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0") || !is_good_target(words[1]))
    return std::nullopt;
  request r{.method = words[0], .target = words[1], .host = {}, .length = {}, .all = lines->second};
  r.http_1_1 = words[2] == "HTTP/1.1";
  const auto hosts = values(r.all, "host");
  std::set<std::string> options;
  if (hosts.size() != 1 || !is_host(hosts[0]) || !read_options(r.all, options) ||
      !read_framing(r.all, r.http_1_1, r.chunked, r.length) ||
      has_twice(r.all, {"authorization", "x-api-key", "content-type", "content-encoding", "expect",
                        "origin", "referer", "idempotency-key"}))
    return std::nullopt;
  for (const auto& [name, value] : r.all)
    if (is_twin(name) || (lower(name) == "expect" && lower(value) != "100-continue"))
      return std::nullopt;
  r.host = hosts[0];
  r.target = origin_form(r);
  if (r.target.empty() || r.method == "CONNECT" || r.method == "TRACE")
    return std::nullopt;
  r.keep_alive = !options.contains("close") && (r.http_1_1 || options.contains("keep-alive"));
  return r;
}

std::optional<response> read_response(const std::string& text) {
  const auto lines = read_lines(text);
  if (!lines)
    return std::nullopt;
  const std::string& line = lines->first;
  const bool http_1_1 = line.starts_with("HTTP/1.1 ");
  if ((!http_1_1 && !line.starts_with("HTTP/1.0 ")) || line.size() < 13 || line[12] != ' ' ||
      !only(line.substr(9, 3), digits))
    return std::nullopt;
  response r{.status = std::stoi(line.substr(9, 3)), .length = {}, .all = lines->second};
  bool chunked = false;
  std::set<std::string> options;
  if (r.status < 100 || r.status > 599 || has_twice(r.all, {"content-type"}) ||
      !read_framing(r.all, http_1_1, chunked, r.length) || !read_options(r.all, options))
    return std::nullopt;
  const bool bodiless = r.status < 200 || r.status == 204;
  if (bodiless && (chunked || r.length.value_or(0) > 0))
    return std::nullopt;
  r.body = chunked ? 'c' : r.length ? 'l' : 'u';
  if (bodiless || r.status == 304)
    r.body = 'n';
  r.keep_alive = http_1_1 && !options.contains("close") && r.body != 'u';
  return r;
}

std::optional<body> read_chunked(const std::string& text) {
  body out;
  for (;;) {
    const std::size_t end = text.find("\r\n", out.consumed);
    if (end == std::string::npos)
      return std::nullopt;
    const std::string line = text.substr(out.consumed, end - out.consumed);
    const std::size_t size_end = std::min(line.find_first_not_of(hex), line.size());
    if (line.size() > 4096 || !is_text(line) || size_end == 0 || size_end > 16 ||
        !is_extension_list(line.substr(size_end)))
      return std::nullopt;
    const std::uint64_t size = std::stoull(line.substr(0, size_end), nullptr, 16);
    out.consumed = end + 2;
    if (size == 0)
      break;
    if (size > text.size() - out.consumed)
      return std::nullopt;
    out.payload += text.substr(out.consumed, size);
    out.consumed += size;
    if (text.substr(out.consumed, 2) != "\r\n")
      return std::nullopt;
    out.consumed += 2;
  }
  for (int count = 0;; ++count) {
    const std::size_t end = text.find("\r\n", out.consumed);
    if (end == std::string::npos)
      return std::nullopt;
    const std::string line = text.substr(out.consumed, end - out.consumed);
    out.consumed = end + 2;
    if (line.empty())
      return out;
    if (count == 100 || !is_text(line) || !is_harmless_trailer(line))
      return std::nullopt;
  }
}

} // namespace slow
