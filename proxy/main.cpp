// deepseek-proxy: serve, check-config, store, version. Wires and nothing else.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include <CLI/CLI.hpp>

#include "proxy/config/settings.hpp"
#include "proxy/server/build_info.hpp"
#include "proxy/server/clock_text.hpp"
#include "proxy/server/log_format.hpp"
#include "proxy/server/server.hpp"
#include "proxy/server/store_check.hpp"
#include "proxy/server/store_copy.hpp"

namespace {

int complain(const proxy::failure& why) {
  std::cerr << "deepseek-proxy: " << why.message << "\n";
  return 1;
}

// The process goes on as another program, with the same arguments.
int become(const proxy::server::succession& next, char** arguments) {
  for (const int each : {SIGHUP, SIGUSR2})
    std::signal(each, SIG_IGN); // until the next one listens to them
  std::string variable = next.environment;
  ::putenv(variable.data());
  ::execv(next.program.c_str(), arguments);
  return complain({proxy::errc::bad_configuration,
                   next.program.string() + " cannot be started: " + std::strerror(errno)});
}

int serve(const std::optional<std::filesystem::path>& file, const std::string& clock,
          char** arguments) {
  auto settings = proxy::config::load(file);
  if (!settings)
    return complain(settings.error());
  proxy::server::run_options options;
  if (!clock.empty()) {
    options.pretend_start = proxy::server::parse_rfc3339(clock);
    if (!options.pretend_start)
      return complain(
          {proxy::errc::bad_configuration, "--clock: not a time like 2026-11-23T03:59:50Z"});
  }
  options.config_file = file;
  if (settings->log_format == "json")
    proxy::server::log_as_json();
  spdlog::set_level(spdlog::level::from_str(settings->log_level));
  auto server = proxy::server::server::open(std::move(*settings), options);
  if (!server)
    return complain(server.error());
  const auto next = (*server)->run();
  server->reset(); // its data directory is free
  return next ? become(*next, arguments) : 0;
}

// A core would hold the real key and prompts; nor may others of this user read the memory.
void keep_memory_private() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

int check(const std::optional<std::filesystem::path>& file) {
  const auto settings = proxy::config::load(file);
  if (!settings)
    return complain(settings.error());
  std::cout << "configuration is valid\n";
  return 0;
}

int check_store(const std::optional<std::filesystem::path>& file) {
  const auto settings = proxy::config::load(file);
  if (!settings)
    return complain(settings.error());
  const auto sound = proxy::server::check_store(*settings, std::cout);
  if (!sound)
    return complain(sound.error());
  return *sound ? 0 : 1;
}

int copy(const proxy::config::store_copy_words& words) {
  spdlog::set_level(spdlog::level::err); // its own words are enough
  const auto copied = proxy::server::copy_store(words, std::cout);
  return copied ? 0 : complain(copied.error());
}

int forget_proxy(const std::optional<std::filesystem::path>& file, const std::string& name) {
  const auto settings = proxy::config::load(file);
  if (!settings)
    return complain(settings.error());
  const auto done = proxy::server::forget_proxy(*settings, name);
  return done ? 0 : complain(done.error());
}

} // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  for (const int each : {SIGHUP, SIGUSR2})
    std::signal(each, SIG_IGN); // until the server listens to them
  CLI::App app{"deepseek-proxy: sub-keys with limits that hold, in front of the DeepSeek API"};
  app.require_subcommand(1);
  std::optional<std::filesystem::path> file;
  std::string clock;
  auto* serving = app.add_subcommand("serve", "serve until SIGTERM");
  serving->add_option("--config", file, "TOML file; without it, every setting has its default");
  serving->add_option("--clock", clock, "pretend it is this time now (RFC 3339); for tests");
  auto* checking =
      app.add_subcommand("check-config", "read the configuration and say what is wrong");
  checking->add_option("--config", file, "TOML file");
  auto* store = app.add_subcommand("store", "the store that holds keys, limits and usage");
  store->require_subcommand(1);
  auto* asking = store->add_subcommand("check", "say whether it keeps what is entrusted to it");
  asking->add_option("--config", file, "TOML file");
  proxy::config::store_copy_words words;
  auto* copying = store->add_subcommand("copy", proxy::config::store_copy_about);
  proxy::config::add_options(*copying, words);
  auto* forgetting = store->add_subcommand(
      "forget", "go on without a proxy that comes back no more, and what only its journal has");
  std::string name;
  forgetting->add_option("proxy", name, "its name: 16 letters, as the log and \"store check\" say")
      ->required();
  forgetting->add_option("--config", file, "TOML file");
  auto* example = app.add_subcommand("example-config", "print every setting with its default");
  auto* version = app.add_subcommand("version", "print version, commit and libraries");
  CLI11_PARSE(app, argc, argv);
  try {
    if (*serving) {
      keep_memory_private();
      return serve(file, clock, argv);
    }
    if (*checking)
      return check(file);
    if (*asking)
      return check_store(file);
    if (*copying)
      return copy(words);
    if (*forgetting)
      return forget_proxy(file, name);
    if (*example)
      std::cout << proxy::config::example_file();
    if (*version)
      std::cout << proxy::server::build_info();
    return 0;
  } catch (const std::exception& error) {
    return complain({proxy::errc::bad_configuration, error.what()});
  }
}
