// The manual: each command with its options, in the order of --help.
#include "proxy/cli/completion.hpp"

namespace proxy::cli {
namespace {

// A line of a macro page: no backslash, and no dot or quote at its beginning, means anything else.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += c == '\\' ? "\\e" : c == '-' ? "\\-" : c == '\n' ? "\n.br\n" : std::string(1, c);
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

void add_options(std::string& out, const CLI::App& of) {
  for (const CLI::Option* each : of.get_options([](const CLI::Option*) { return true; }))
    out += ".TP\n.B " + plain(each->get_name(false, true)) + "\n" + plain(each->get_description()) +
           "\n";
}

void add_commands(std::string& out, const CLI::App& of, const std::string& path) {
  for (const CLI::App* each : of.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string words = path + " " + each->get_name();
    out += ".SS " + plain(words) + "\n" + plain(each->get_description()) + ".\n";
    add_options(out, *each);
    add_commands(out, *each, words);
  }
}

} // namespace

std::string manual_of(const CLI::App& root) {
  std::string out = ".TH DEEPSEEK 1\n.SH NAME\ndeepseek \\- " + plain(root.get_description()) +
                    "\n.SH SYNOPSIS\n.B deepseek\n[options] command [arguments]\n.SH OPTIONS\n";
  add_options(out, root);
  out += ".SH COMMANDS\n";
  add_commands(out, root, "deepseek");
  return out + ".SH NOTES\n" + plain(root.get_footer()) + "\n";
}

} // namespace proxy::cli
