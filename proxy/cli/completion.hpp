// What shells and manuals are told about the commands, read off the tree itself: it cannot fall
// behind.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace proxy::cli {

enum class shell { bash, zsh, fish };

// A script for `source`, or for the shell's folder of completions.
std::string completion_of(const CLI::App& root, shell which);
// A page for man(1), in the macros of man(7).
std::string manual_of(const CLI::App& root);

} // namespace proxy::cli
