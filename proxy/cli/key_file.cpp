// TOML into JSON. Values are passed on as they are: the rules of the admin plane judge them.
#include "proxy/cli/key_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <istream>
#include <map>
#include <ostream>
#include <span>
#include <sstream>

#include "proxy/admin/json_text.hpp"
#include "proxy/cli/key_settings.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

using config::node;

constexpr std::size_t file_bytes_max = 64u << 20; // some 100,000 keys

result<std::string> text_of_file(const std::string& file, const console& io) {
  std::error_code ignored;
  std::ifstream opened;
  std::istream* in = &io.in;
  if (file != "-") {
    opened.open(file, std::ios::binary);
    in = &opened;
  }
  std::ostringstream all;
  all << in->rdbuf();
  const bool no_file = !opened.is_open() || std::filesystem::is_directory(file, ignored);
  if ((file != "-" && no_file) || all.bad()) // a directory can be opened, but not read
    return complaint{exit_usage, "cannot read " + file};
  std::string text = std::move(all).str();
  if (text.size() > file_bytes_max)
    return complaint{exit_usage, file + " is larger than 64 MiB"};
  return text;
}

json::value json_of(const node& from) {
  const auto convert = [](const auto& value) -> json::value {
    using held = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<held, policies::instant>) {
      return json::value(admin::rfc3339(value));
    } else if constexpr (std::is_same_v<held, node::array>) {
      json::array out;
      for (const node& each : value)
        out.push_back(json_of(each));
      return out;
    } else if constexpr (std::is_same_v<held, node::table>) {
      json::object out;
      for (const auto& [name, each] : value)
        out[name] = json_of(each);
      return out;
    } else {
      return json::value(value);
    }
  };
  return std::visit(convert, from.value);
}

json::value null_for_none(json::value value) {
  const json::string* text = value.if_string();
  return text && *text == "none" ? json::value(nullptr) : value;
}

// A table, or JSON in a string: how `export` writes what TOML cannot hold.
json::value table_of(const node& from) {
  if (const auto* text = from.as<std::string>()) {
    boost::system::error_code error;
    json::value parsed = json::parse(*text, error);
    if (!error && parsed.is_object())
      return parsed;
  }
  return json_of(from);
}

json::value value_of(const node& from, std::string_view field) {
  const key_setting* known = setting_named(field);
  json::value value = known && known->kind == setting_kind::table ? table_of(from) : json_of(from);
  if (known && (known->kind == setting_kind::clearable || known->kind == setting_kind::limits))
    value = null_for_none(std::move(value));
  if (known && known->kind == setting_kind::limits && value.is_object())
    for (auto& [name, limit] : value.get_object())
      limit = null_for_none(limit);
  return value;
}

void take_status(wanted_key& key, complaints& wrong) {
  const json::value* status = key.fields.if_contains("status");
  if (!status)
    return;
  key.status = status->is_string() ? std::string(status->get_string()) : std::string{};
  if (key.status != "active" && key.status != "inactive")
    wrong.add(line_of(key, "status"), "key '" + harmless(key.name) +
                                          "': status: " + harmless(json::serialize(*status)) +
                                          " is neither \"active\" nor \"inactive\"");
  key.fields.erase("status");
}

void add_key(std::vector<wanted_key>& to, const node& table, complaints& wrong) {
  const auto* fields = table.as<node::table>();
  if (!fields)
    return wrong.add(table.line, "key: " + std::string(table.kind()) +
                                     " is not a table; each key begins with [[key]]");
  const node* named = table.find("name");
  const auto* name = named ? named->as<std::string>() : nullptr;
  if (!name)
    return wrong.add(named ? named->line : table.line,
                     named ? "name: " + std::string(named->kind()) + " is not a text"
                           : "name: is missing; a key is known by it");
  wanted_key key{*name, {}, {}, table};
  for (const auto& [field, value] : *fields)
    key.fields[field] = value_of(value, field);
  take_status(key, wrong);
  to.push_back(std::move(key));
}

void refuse_twins(const std::vector<wanted_key>& keys, complaints& wrong) {
  std::map<std::string_view, int> lines;
  for (const wanted_key& key : keys)
    if (const auto [first, added] = lines.emplace(key.name, line_of(key, "name")); !added)
      wrong.add(line_of(key, "name"), "name: '" + harmless(key.name) + "' stands in line " +
                                          std::to_string(first->second) + " already");
}

} // namespace

void complaints::add(int line, const std::string& text) {
  all_.emplace_back(line, text);
}

complaint complaints::whole() const {
  constexpr std::size_t shown_max = 20;
  auto sorted = all_;
  std::ranges::stable_sort(sorted, {}, &std::pair<int, std::string>::first);
  std::string text;
  for (const auto& [line, why] : std::span(sorted).first(std::min(sorted.size(), shown_max)))
    text += file_ + ":" + std::to_string(line) + ": " + why + "\n";
  if (sorted.size() > shown_max)
    text += "... and " + std::to_string(sorted.size() - shown_max) + " more\n";
  return {exit_usage, text + "Nothing was changed."};
}

int line_of(const wanted_key& key, std::string_view field) {
  const node* at = &key.source;
  while (!field.empty()) {
    const std::size_t dot = std::min(field.find('.'), field.size());
    const node* below = at->find(field.substr(0, dot));
    if (!below)
      break;
    at = below;
    field.remove_prefix(std::min(field.size(), dot + 1));
  }
  return at->line;
}

result<std::vector<wanted_key>> read_key_file(const std::string& file, const console& io,
                                              complaints& wrong) {
  const auto text = text_of_file(file, io);
  if (!text)
    return text.error();
  const auto root = config::parse_toml(*text, file);
  if (!root)
    return complaint{exit_usage, root.error().message};
  std::vector<wanted_key> keys;
  for (const auto& [name, value] : *root->as<node::table>()) {
    if (name != "key") {
      wrong.add(value.line, "'" + harmless(name) +
                                "' means nothing here: a file of keys has [[key]] tables only");
      continue;
    }
    if (const auto* list = value.as<node::array>())
      for (const node& each : *list)
        add_key(keys, each, wrong);
    else
      wrong.add(value.line, "key: is one table; each key begins with [[key]]");
  }
  if (keys.empty() && wrong.none())
    return complaint{exit_usage, file + ": there is no [[key]] in it"};
  refuse_twins(keys, wrong);
  return keys;
}

} // namespace proxy::cli
