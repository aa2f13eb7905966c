// The kinds of settings: how a TOML value of each is checked, stored and shown. Each maker takes an
// accessor that gives the member to read and write.
#pragma once

#include <algorithm>
#include <chrono>
#include <initializer_list>

#include <fmt/format.h>

#include "proxy/config/setting.hpp"

namespace proxy::config::kinds {

inline std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + '"';
}

inline std::optional<std::string> expected(std::string_view what, const node& got) {
  return fmt::format("expected {}, not {}", what, got.kind());
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
      return expected("a whole number", from);
    if (*value < bounds.min || *value > bounds.max)
      return fmt::format("{} is out of range", *value);
    auto& target = get(s);
    target = std::remove_reference_t<decltype(target)>(*value);
    return std::nullopt;
  };
  const auto show = [get](const settings& s) {
    return std::to_string(count_of(get(const_cast<settings&>(s))));
  };
  return {section, name, prose, fmt::format("{} to {}", bounds.min, bounds.max), put, show};
}

template <class Get>
setting text(std::string_view section, std::string_view name, std::string_view prose,
             std::string accepts, Get get,
             std::function<std::optional<std::string>(const std::string&)> check = {}) {
  const auto put = [get, check](settings& s, const node& from) -> std::optional<std::string> {
    const auto* value = from.as<std::string>();
    if (!value)
      return expected("a string", from);
    if (check)
      if (auto problem = check(*value))
        return problem;
    get(s) = *value;
    return std::nullopt;
  };
  const auto show = [get](const settings& s) {
    return in_quotes(std::string(get(const_cast<settings&>(s))));
  };
  return {section, name, prose, std::move(accepts), put, show};
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

// Where a secret is found. A literal one is refused without being repeated.
template <class Get>
setting secret(std::string_view section, std::string_view name, std::string_view prose, Get get) {
  const auto check = [](const std::string& given) -> std::optional<std::string> {
    constexpr std::string_view schemes[] = {"env:", "file:", "credential:", "exec:"};
    if (std::ranges::any_of(schemes, [&](auto s) { return given.starts_with(s); }))
      return std::nullopt;
    constexpr std::string_view later[] = {"aws:", "azure:", "gcp:"};
    if (std::ranges::any_of(later, [&](auto s) { return given.starts_with(s); }))
      return "secret managers of clouds are not supported in this version; exec:COMMAND can call "
             "one";
    return "a secret must not stand in this file, only where it is found: env:NAME, file:PATH, "
           "credential:NAME or exec:COMMAND";
  };
  return text(
      section, name, prose, "env:NAME, file:PATH, credential:NAME or exec:COMMAND",
      [get](settings& s) -> std::string& { return get(s).text; }, check);
}

} // namespace proxy::config::kinds
