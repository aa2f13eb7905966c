// deepseek keys export: keys as a TOML file that `apply` reads. No secret and no id stands in it,
// so that it fits any proxy; a key is known by its name.
#include <fstream>
#include <map>
#include <ostream>
#include <set>

#include "proxy/cli/key_choice.hpp"
#include "proxy/cli/key_settings.hpp"
#include "proxy/cli/key_subcommands.hpp"
#include "proxy/cli/table.hpp"
#include "proxy/cli/toml_text.hpp"

namespace proxy::cli {
namespace {

constexpr auto opening =
    "# Keys of a deepseek-proxy, as 'deepseek keys export' writes them. 'deepseek keys apply -f "
    "FILE'\n"
    "# makes a proxy's keys so; what a key's table does not name stays as it is. \"none\" takes a\n"
    "# setting away.\n";

// Parents by name, where the name says which; deleted ones only by their id.
class key_names {
 public:
  explicit key_names(const json::array& keys) {
    for (const json::value& key : keys) {
      names_[text(key, "id")] = text(key, "name");
      ++uses_[text(key, "name")];
    }
  }
  bool unique(const std::string& name) const { return uses_.at(name) == 1; }
  json::value parent_of(const json::value& key) const {
    const std::string id = text(key, "parent");
    const auto found = names_.find(id);
    if (id.empty())
      return nullptr;
    return json::value(found != names_.end() && unique(found->second) ? found->second : id);
  }

 private:
  std::map<std::string, std::string> names_; // by id
  std::map<std::string, int> uses_;          // of a name
};

json::object settings_of(const json::value& key, const key_names& names) {
  json::object out;
  for (const key_setting& each : key_settings)
    if (key.as_object().contains(each.name))
      out[each.name] = each.name == "parent" ? names.parent_of(key) : member(key, each.name);
  return out;
}

json::value none_for_null(const json::value& value) {
  return value.is_null() ? json::value("none") : value;
}

void add_table(std::string& out, std::string_view name, const json::value& value) {
  const json::object* members = value.if_object();
  if (!members || members->empty() || !fits_toml(value)) {
    // JSON that TOML cannot hold stands in a string, of which apply knows.
    const bool plain = !members || members->empty();
    out += toml_key(name) + " = " +
           toml_value(plain ? value : json::value(json::serialize(value))) + "\n";
    return;
  }
  out += "\n[key." + toml_key(name) + "]\n";
  for (const auto& [member_name, each] : *members)
    out += toml_key(member_name) + " = " + toml_value(each) + "\n";
}

std::string toml_of(const json::object& settings) {
  std::string plain = "\n[[key]]\n";
  std::string tables;
  for (const key_setting& each : key_settings) {
    const json::value* value = settings.if_contains(each.name);
    if (!value)
      continue;
    if (each.kind != setting_kind::table && each.kind != setting_kind::limits) {
      plain += toml_key(each.name) + " = " + toml_value(none_for_null(*value)) + "\n";
      continue;
    }
    json::value held = *value;
    if (each.kind == setting_kind::limits && held.is_object())
      for (auto& [name, limit] : held.get_object())
        limit = none_for_null(limit);
    std::string text;
    add_table(text, each.name, held);
    (text.starts_with('\n') ? tables : plain) += text;
  }
  return plain + tables;
}

result<json::array> chosen_keys(session& with, const json::array& all,
                                const std::vector<std::string>& wanted) {
  if (wanted.empty())
    return all;
  std::set<std::string> ids;
  for (const std::string& each : wanted) {
    const auto id = find_key(with, each);
    if (!id)
      return id.error();
    ids.insert(*id);
  }
  json::array out;
  for (const json::value& key : all)
    if (ids.erase(text(key, "id")) > 0)
      out.push_back(key);
  if (!ids.empty())
    return complaint{exit_failed, "no key " + *ids.begin() + ", or it was deleted"};
  return out;
}

struct export_words {
  std::vector<std::string> keys;
  std::string file;
};

result<std::string> exported(session& with, const export_words& words, std::size_t& count) {
  const auto all = all_keys(with, "");
  if (!all)
    return all.error();
  const auto keys = chosen_keys(with, *all, words.keys);
  if (!keys)
    return keys.error();
  count = keys->size();
  const key_names names(*all);
  std::string toml = opening;
  json::array list;
  for (const json::value& key : *keys) {
    const std::string name = text(key, "name");
    if (!names.unique(name))
      return complaint{exit_failed, "several keys are named '" + harmless(name) +
                                        "', and a file knows keys by name: give them names of "
                                        "their own (deepseek keys update ID --name NAME)"};
    json::object settings = settings_of(key, names);
    if (with.json)
      list.emplace_back(std::move(settings));
    else
      toml += toml_of(settings);
  }
  return with.json ? json::serialize(list) + "\n" : toml;
}

result<void> export_keys(session& with, const export_words& words) {
  std::size_t count = 0;
  const auto text = exported(with, words, count);
  if (!text)
    return text.error();
  if (words.file.empty() || words.file == "-") {
    with.io.out << *text;
    return {};
  }
  std::ofstream file(words.file, std::ios::trunc);
  file << *text << std::flush;
  if (!file)
    return complaint{exit_failed, "cannot write " + words.file};
  if (!with.quiet)
    with.io.err << count << (count == 1 ? " key" : " keys") << " written to " << words.file
                << ".\n";
  return {};
}

} // namespace

void add_key_export(CLI::App& keys, command& chosen) {
  auto* add = keys.add_subcommand("export", "settings of keys as a TOML file, for apply");
  auto words = std::make_shared<export_words>();
  add->add_option("KEY", words->keys, "ids or names; without any, all keys");
  add->add_option("-o,--output", words->file, "the file to write; without it, standard output");
  add->final_callback(
      [&chosen, words] { chosen = [words](session& with) { return export_keys(with, *words); }; });
}

} // namespace proxy::cli
