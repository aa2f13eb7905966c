// The tree of commands and the options they share.
#include "proxy/cli/app.hpp"

#include <algorithm>
#include <istream>
#include <ostream>

#include <fmt/format.h>

#include "proxy/cli/commands.hpp"
#include "proxy/cli/completion.hpp"
#include "proxy/cli/table.hpp"
#include "proxy/config/nearest.hpp"

namespace proxy::cli {
namespace {

constexpr auto about = "Issue, watch and revoke the sub-keys of a deepseek-proxy.";
constexpr auto footer =
    "The proxy is found by --url, --data-dir, $DEEPSEEK_ADMIN_URL or the data directory's "
    "admin.url; "
    "its admin key by --admin-key-file, --data-dir, $DEEPSEEK_ADMIN_KEY or the data directory's "
    "admin.key.\n"
    "Exit codes: 0 done, 1 refused, not reachable, or diagnose found a problem, 2 wrong usage or a "
    "wrong file.";

struct shared_options {
  location_options where;
  bool json = false;
  bool quiet = false;
};

void add_shared(CLI::App& root, shared_options& into) {
  root.add_option("--url", into.where.url, "the admin plane, like http://127.0.0.1:8081");
  root.add_option("--admin-key-file", into.where.admin_key_file, "a file with the admin key");
  root.add_option("--ca-file", into.where.ca_file,
                  "https: PEM file of authorities to believe ($DEEPSEEK_ADMIN_CA_FILE)");
  root.add_option("--data-dir", into.where.data_directory, "the proxy's data directory");
  root.add_flag("--json", into.json, "print the answers as JSON");
  root.add_flag("-q,--quiet", into.quiet, "print only what a script needs");
}

// What needs no proxy: printed as soon as the words are read.
void add_papers(CLI::App& root, std::string& printed) {
  auto* completion = root.add_subcommand("completion", "a completion script for your shell");
  auto name = std::make_shared<std::string>();
  completion->add_option("SHELL", *name, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->final_callback([&root, &printed, name] {
    printed = completion_of(root, *name == "bash"  ? shell::bash
                                  : *name == "zsh" ? shell::zsh
                                                   : shell::fish);
  });
  root.add_subcommand("man", "the manual page, for man -l -")->final_callback([&root, &printed] {
    printed = manual_of(root);
  });
}

// Whether what could not be read is a command's name misspelt; empty: it is something else.
std::string unknown_command(const CLI::App& root) {
  const CLI::App* at = &root;
  std::string path = "deepseek";
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    path += " " + at->get_name();
  }
  const auto known = at->get_subcommands([](const CLI::App*) { return true; });
  std::vector<std::string> names;
  for (const CLI::App* each : known)
    names.push_back(each->get_name());
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::vector<std::string> left = root.remaining(true);
  const auto word = std::ranges::find_if(
      left, [](const std::string& each) { return !each.empty() && each.front() != '-'; });
  if (known.empty() || word == left.end())
    return {};
  return fmt::format("there is no '{} {}': did you mean '{} {}'? ('{} --help' lists all)", path,
                     harmless(*word), path, config::nearest(*word, views), path);
}

int complain(const console& io, const complaint& why) {
  if (!why.message.empty()) // else all was said
    io.err << "deepseek: " << why.message << "\n";
  return why.exit_code;
}

int call(const command& chosen, const shared_options& options, const console& io) {
  const auto where = find_proxy(options.where, io);
  if (!where)
    return complain(io, where.error());
  admin_client calls(*where);
  session now{calls, io, options.json, options.quiet};
  if (const auto done = chosen(now); !done)
    return complain(io, done.error());
  return exit_ok;
}

} // namespace

void throw_exception_from_error(const complaint& why, const boost::source_location&) {
  throw std::runtime_error(why.message);
}

int run(std::vector<std::string> words, const console& io) {
  if (io.become && !words.empty() && words.front() == "store")
    return io.become(words);
  CLI::App root{about, "deepseek"};
  root.footer(footer);
  root.require_subcommand(1);
  root.fallthrough(); // shared options may stand after the command
  shared_options options;
  add_shared(root, options);
  command chosen;
  add_key_commands(root, chosen);
  add_admin_key_commands(root, chosen);
  add_report_commands(root, chosen);
  add_export_command(root, chosen);
  add_chart_command(root, chosen);
  add_top_command(root, chosen);
  add_event_commands(root, chosen);
  add_alert_commands(root, chosen);
  add_health_commands(root, chosen);
  add_diagnose_command(root, chosen);
  add_store_commands(root);
  std::string printed;
  add_papers(root, printed);
  std::reverse(words.begin(), words.end()); // CLI11 takes them from the back
  try {
    root.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    if (const std::string why = unknown_command(root); !why.empty())
      return complain(io, {exit_usage, why});
    return root.exit(error, io.out, io.err) == 0 ? exit_ok : exit_usage;
  }
  if (printed.empty() && !chosen)
    return complain(io, {exit_usage, "store: say it first: deepseek store ..."});
  if (printed.empty())
    return call(chosen, options, io);
  io.out << printed;
  return exit_ok;
}

} // namespace proxy::cli
