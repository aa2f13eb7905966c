// Making answers, and reading what stands behind the question mark.
#include "proxy/admin/message.hpp"

#include <algorithm>
#include <charconv>

#include "proxy/admin/json_text.hpp"

namespace proxy::admin {
namespace {

std::string_view type_of(unsigned status) {
  switch (status) {
  case 401:
    return "authentication_error";
  case 403:
    return "permission_error";
  case 429:
    return "rate_limit_error";
  default:
    return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    unsigned char byte = 0;
    const char* first = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(first, first + 2, byte, 16).ptr != first + 2)
      return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

} // namespace

reply json_reply(unsigned status, const boost::json::object& body) {
  reply out;
  out.status = status;
  out.body = text_of(body);
  return out;
}

reply reply_of(const problem& why) {
  boost::json::object error{{"message", why.message},
                            {"type", type_of(why.status)},
                            {"param", nullptr},
                            {"code", why.code}};
  if (!why.param.empty())
    error["param"] = why.param;
  reply out = json_reply(why.status, boost::json::object{{"error", std::move(error)}});
  out.retry_after = why.retry_after;
  return out;
}

std::optional<std::string_view> query::get(std::string_view name) const {
  const auto found = std::ranges::find(values, name, [](const auto& pair) { return pair.first; });
  if (found == values.end())
    return std::nullopt;
  return found->second;
}

answer<query> parse_query(std::string_view text) {
  query out;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty())
      continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = decoded(pair.substr(0, equals));
    auto value = decoded(pair.substr(std::min(pair.size(), equals + 1)));
    if (!name || !value)
      return problem{.message = "the query has a % that two hexadecimal digits do not follow"};
    if (out.get(*name))
      return problem{.message = "the query names '" + shown(*name) + "' twice",
                     .param = shown(*name)};
    out.values.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

answer<std::int64_t> number_in(const query& from, std::string_view name, number_range range) {
  const auto text = from.get(name);
  if (!text)
    return number_answer(range.otherwise);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  const bool whole = error == std::errc{} && end == text->data() + text->size();
  if (!whole || value < range.least || value > range.most)
    return problem{.message = std::string(name) + ": '" + shown(*text) +
                              "' is not a whole number from " + std::to_string(range.least) +
                              " to " + std::to_string(range.most),
                   .param = std::string(name)};
  return number_answer(value);
}

} // namespace proxy::admin
