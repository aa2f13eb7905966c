// The commands under `keys` that have files of their own.
#pragma once

#include <CLI/CLI.hpp>

#include "proxy/cli/session.hpp"

namespace proxy::cli {

void add_key_topics(CLI::App& keys, command& chosen); // keys limits, keys security
void add_key_export(CLI::App& keys, command& chosen);
void add_key_apply(CLI::App& keys, command& chosen);

} // namespace proxy::cli
