// What is asked of deepseek-proxy itself: here are only its words, for help, completion and manual.
#include <memory>

#include "proxy/cli/commands.hpp"
#include "proxy/config/store_copy_words.hpp"

namespace proxy::cli {

void add_store_commands(CLI::App& root) {
  auto* store = root.add_subcommand("store", "the store itself, by deepseek-proxy on this machine");
  store->require_subcommand(1);
  auto words = std::make_shared<config::store_copy_words>();
  auto* copy = store->add_subcommand("copy", config::store_copy_about);
  config::add_options(*copy, *words);
  copy->final_callback([words] {}); // keeps them
  store->add_subcommand("check", "say whether it keeps what is entrusted to it")
      ->add_option("--config", words->from, "TOML file");
}

} // namespace proxy::cli
