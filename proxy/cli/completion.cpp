// Bash's programmable completion, which zsh understands too, and fish's.
#include "proxy/cli/completion.hpp"

namespace proxy::cli {
namespace {

std::vector<const CLI::App*> commands_below(const CLI::App& of) {
  return of.get_subcommands([](const CLI::App* each) { return !each->get_name().empty(); });
}

std::vector<std::string> options_of(const CLI::App& of) {
  std::vector<std::string> names;
  for (const CLI::Option* each : of.get_options([](const CLI::Option*) { return true; }))
    for (const std::string& name : each->get_lnames())
      names.push_back("--" + name);
  return names;
}

// One arm of the script's `case` for each path, like " keys list".
void add_arms(std::string& arms, std::string& paths, const CLI::App& of, const std::string& path) {
  std::string words;
  for (const CLI::App* each : commands_below(of))
    words += each->get_name() + " ";
  for (const std::string& name : options_of(of))
    words += name + " ";
  if (!path.empty())
    words += "--json --quiet --url --data-dir --admin-key-file ";
  words.pop_back();
  arms += "    \"" + path + "\") words=\"" + words + "\" ;;\n";
  for (const CLI::App* each : commands_below(of)) {
    const std::string below = path + " " + each->get_name();
    paths += (paths.empty() ? "\"" : "|\"") + below + "\"";
    add_arms(arms, paths, *each, below);
  }
}

std::string bash_of(const CLI::App& root) {
  std::string arms;
  std::string paths;
  add_arms(arms, paths, root, "");
  return "_deepseek() {\n"
         "  local path=\"\" words=\"\" i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case \"$path ${COMP_WORDS[i]}\" in " +
         paths +
         ") path=\"$path ${COMP_WORDS[i]}\" ;; esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         arms +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -F _deepseek deepseek\n";
}

// In single quotes, where fish knows \\ and \'.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  return out + "'";
}

// What stands behind the command of that path, like "keys list": a name alone would not do, as
// there is "usage" and "keys usage".
void add_fish(std::string& out, std::string& paths, const CLI::App& of, const std::string& path) {
  const std::string here = "complete -c deepseek -n " + quoted("__deepseek_at " + quoted(path));
  for (const CLI::App* each : commands_below(of))
    out += here + " -a " + each->get_name() + " -d " + quoted(each->get_description()) + "\n";
  for (const CLI::Option* each : of.get_options([](const CLI::Option*) { return true; }))
    for (const std::string& name : each->get_lnames())
      out += here + " -l " + name + (each->get_items_expected_max() > 0 ? " -r -F" : "") + " -d " +
             quoted(each->get_description()) + "\n";
  for (const CLI::App* each : commands_below(of)) {
    const std::string below = path.empty() ? each->get_name() : path + " " + each->get_name();
    paths += " " + quoted(below);
    add_fish(out, paths, *each, below);
  }
}

std::string fish_of(const CLI::App& root) {
  std::string lines;
  std::string paths;
  add_fish(lines, paths, root, "");
  return "function __deepseek_at\n"
         "  set -l path ''\n"
         "  for word in (commandline -opc)[2..-1]\n"
         "    set -l longer (string trim -- \"$path $word\")\n"
         "    contains -- $longer" +
         paths +
         "; and set path $longer\n"
         "  end\n"
         "  test \"$path\" = \"$argv[1]\"\n"
         "end\n"
         "complete -c deepseek -f\n" +
         lines;
}

} // namespace

std::string completion_of(const CLI::App& root, shell which) {
  if (which == shell::fish)
    return fish_of(root);
  std::string out;
  if (which == shell::zsh)
    out = "autoload -U +X bashcompinit && bashcompinit\n";
  return out + bash_of(root);
}

} // namespace proxy::cli
