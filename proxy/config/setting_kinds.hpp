// The kinds of settings: how a TOML value of each is checked, stored and shown. Each maker takes an
// accessor that gives the member to read and write.
#pragma once

#include <algorithm>
#include <chrono>
#include <initializer_list>

#include <fmt/format.h>

#include "proxy/config/secret_source.hpp"
#include "proxy/config/setting.hpp"

namespace proxy::config::kinds {

// A TOML string, on one line whatever is in it.
inline std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
      out += fmt::format("\\u{:04X}", c);
      continue;
    }
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + '"';
}

// For values that may be a secret: what they are, not which.
inline std::optional<std::string> expected(std::string_view what, const node& got) {
  return fmt::format("expected {}, not {}", what, got.kind());
}

inline std::optional<std::string> expected_instead(std::string_view what, const node& got) {
  std::string value;
  if (const auto* text = got.as<std::string>())
    value = in_quotes(*text);
  if (const auto* number = got.as<std::int64_t>())
    value = std::to_string(*number);
  if (const auto* number = got.as<double>())
    value = fmt::format("{}", *number);
  if (const auto* flag = got.as<bool>())
    value = *flag ? "true" : "false";
  return fmt::format("expected {}, not {}{}{}", what, got.kind(), value.empty() ? "" : ": ", value);
}

// A reload puts it into effect.
inline setting live(setting one) {
  one.live = true;
  return one;
}

struct range {
  std::int64_t min;
  std::int64_t max;
};

// Integers and durations in whole seconds.
template <class T>
std::int64_t count_of(const T& value) {
  if constexpr (requires { value.count(); })
    return static_cast<std::int64_t>(value.count());
  else
    return static_cast<std::int64_t>(value);
}

template <class Get>
setting number(std::string_view section, std::string_view name, std::string_view prose,
               range bounds, Get get) {
  const auto put = [bounds, get](settings& s, const node& from) -> std::optional<std::string> {
    const auto* value = from.as<std::int64_t>();
    if (!value)
      return expected_instead("a whole number", from);
    if (*value < bounds.min || *value > bounds.max)
      return fmt::format("{} is out of range", *value);
    auto& target = get(s);
    target = std::remove_reference_t<decltype(target)>(*value);
    return std::nullopt;
  };
  const auto show = [get](const settings& s) {
    return std::to_string(count_of(get(const_cast<settings&>(s))));
  };
  const auto copy = [get](settings& to, const settings& from) {
    get(to) = get(const_cast<settings&>(from));
  };
  return {section, name, prose, fmt::format("{} to {}", bounds.min, bounds.max), put, show, copy};
}

template <class Get>
setting real_number(std::string_view section, std::string_view name, std::string_view prose,
                    double least, double most, Get get) {
  const auto put = [least, most, get](settings& s, const node& from) -> std::optional<std::string> {
    const auto* whole = from.as<std::int64_t>();
    const auto* given = from.as<double>();
    if (!whole && !given)
      return expected_instead("a number", from);
    const double value = whole ? static_cast<double>(*whole) : *given;
    if (!(value >= least && value <= most))
      return fmt::format("{} is out of range", value);
    get(s) = value;
    return std::nullopt;
  };
  const auto show = [get](const settings& s) {
    return fmt::format("{}", get(const_cast<settings&>(s)));
  };
  const auto copy = [get](settings& to, const settings& from) {
    get(to) = get(const_cast<settings&>(from));
  };
  std::string accepts = fmt::format("{} to {}", least, most);
  if (accepts.find('.') == accepts.npos) // 0.0 to 1.0: a fraction between is meant
    accepts = fmt::format("{:.1f} to {:.1f}", least, most);
  return {section, name, prose, std::move(accepts), put, show, copy};
}

template <class Get>
setting text(std::string_view section, std::string_view name, std::string_view prose,
             std::string accepts, Get get,
             std::function<std::optional<std::string>(const std::string&)> check = {}) {
  const auto put = [get, check](settings& s, const node& from) -> std::optional<std::string> {
    const auto* value = from.as<std::string>();
    if (!value)
      return expected_instead("a string", from);
    if (check)
      if (auto problem = check(*value))
        return problem;
    get(s) = *value;
    return std::nullopt;
  };
  const auto show = [get](const settings& s) {
    return in_quotes(std::string(get(const_cast<settings&>(s))));
  };
  const auto copy = [get](settings& to, const settings& from) {
    get(to) = get(const_cast<settings&>(from));
  };
  return {section, name, prose, std::move(accepts), put, show, copy};
}

template <class Get>
setting choice(std::string_view section, std::string_view name, std::string_view prose,
               std::vector<std::string> words, Get get) {
  std::string accepts;
  for (const std::string& word : words)
    accepts += (accepts.empty() ? "" : " or ") + in_quotes(word);
  const auto check = [words](const std::string& given) -> std::optional<std::string> {
    if (std::ranges::find(words, given) != words.end())
      return std::nullopt;
    return fmt::format("{} is not known", in_quotes(given));
  };
  return text(section, name, prose, std::move(accepts), get, check);
}

enum class presence { required, optional };

// Where a secret is found. A literal one is refused without being repeated.
template <class Get>
setting secret(std::string_view section, std::string_view name, std::string_view prose, Get get,
               presence needed = presence::required) {
  const bool may_be_empty = needed == presence::optional;
  const auto put = [get, may_be_empty](settings& s,
                                       const node& from) -> std::optional<std::string> {
    const auto* value = from.as<std::string>();
    if (!value)
      return expected("a string", from);
    if (!value->empty() || !may_be_empty)
      if (auto problem = complaint_about_source(*value))
        return problem;
    get(s).text = *value;
    return std::nullopt;
  };
  const auto show = [get](const settings& s) {
    return in_quotes(get(const_cast<settings&>(s)).text);
  };
  std::string accepts = "env:NAME, file:PATH, credential:NAME, exec:COMMAND, aws:, azure: or gcp:";
  if (may_be_empty)
    accepts += ", or empty";
  const auto copy = [get](settings& to, const settings& from) {
    get(to) = get(const_cast<settings&>(from));
  };
  return {section, name, prose, std::move(accepts), put, show, copy};
}

} // namespace proxy::config::kinds
