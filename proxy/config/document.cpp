// toml++ to tree.
#include "proxy/config/document.hpp"

#include <cerrno>
#include <cstdio>
#include <sstream>
#include <system_error>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>
#pragma GCC diagnostic pop

namespace proxy::config {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;

policies::instant to_instant(const toml::date& day, const toml::time& at, int offset_minutes) {
  using namespace std::chrono;
  const sys_days midnight{year{day.year} / month{day.month} / std::chrono::day{day.day}};
  return policies::instant{midnight.time_since_epoch() + hours{at.hour} + minutes{at.minute} +
                           seconds{at.second} + milliseconds{at.nanosecond / 1'000'000} -
                           minutes{offset_minutes}};
}

node convert(const toml::node& from) {
  node made;
  made.line = static_cast<int>(from.source().begin.line);
  if (const auto* text = from.as_string())
    made.value = text->get();
  if (const auto* number = from.as_integer())
    made.value = number->get();
  if (const auto* number = from.as_floating_point())
    made.value = number->get();
  if (const auto* flag = from.as_boolean())
    made.value = flag->get();
  if (const auto* day = from.as_date())
    made.value = to_instant(day->get(), {}, 0);
  if (const auto* when = from.as_date_time()) {
    const toml::date_time& t = when->get();
    made.value = to_instant(t.date, t.time, t.offset ? t.offset->minutes : 0);
  }
  if (const auto* items = from.as_array()) {
    node::array all;
    for (const toml::node& item : *items)
      all.push_back(convert(item));
    made.value = std::move(all);
  }
  if (const auto* fields = from.as_table()) {
    node::table all;
    for (const auto& [name, field] : *fields)
      all.emplace(std::string(name.str()), convert(field));
    made.value = std::move(all);
  }
  return made;
}

} // namespace

const node* node::find(std::string_view name) const {
  const auto* fields = as<table>();
  if (!fields)
    return nullptr;
  const auto found = fields->find(name);
  return found == fields->end() ? nullptr : &found->second;
}

std::string_view node::kind() const {
  constexpr std::string_view names[] = {"true or false", "a whole number", "a number", "a string",
                                        "a time",        "a list",         "a table"};
  return names[value.index()];
}

outcome<node> parse_toml(std::string_view text, std::string_view name) {
  const toml::parse_result parsed = toml::parse(text);
  if (parsed)
    return convert(parsed.table());
  std::ostringstream why;
  why << name << ":" << parsed.error().source().begin.line
      << ": not TOML: " << parsed.error().description();
  return failure{errc::bad_configuration, why.str()};
}

outcome<node> read_toml(const std::string& file) {
  const auto unreadable = [&file](std::string_view why) {
    return failure{errc::bad_configuration, "cannot read " + file + ": " + std::string(why)};
  };
  std::FILE* in = std::fopen(file.c_str(), "rbe");
  if (!in)
    return unreadable(std::generic_category().message(errno));
  std::string text(file_bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), in));
  const int error = std::ferror(in) ? errno : 0; // a directory can be opened, but not read
  std::fclose(in);
  if (error != 0)
    return unreadable(std::generic_category().message(error));
  if (text.size() > file_bytes_max)
    return unreadable("larger than 1 MiB");
  return parse_toml(text, file);
}

} // namespace proxy::config
