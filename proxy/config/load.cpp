// The file into settings: every value checked, unknown keys named with the nearest known one.
#include <cstdlib>

#include <fmt/format.h>

#include "proxy/config/nearest.hpp"
#include "proxy/config/setting.hpp"

namespace proxy::config {
namespace {

// The words to add to a complaint about an unknown setting; empty where the section is unknown.
std::string did_you_mean(std::string_view section, std::string_view name) {
  std::vector<std::string_view> names;
  for (const setting& each : all_settings())
    if (each.section == section)
      names.push_back(each.name);
  if (names.empty())
    return {};
  return "; did you mean " + std::string(section) + "." + std::string(nearest(name, names)) + "?";
}

failure at(std::string_view file, const node& where, std::string text) {
  return {errc::bad_configuration,
          std::string(file) + ":" + std::to_string(where.line) + ": " + std::move(text)};
}

outcome<void> put_section(settings& into, std::string_view file, const std::string& section,
                          const node& values) {
  const auto* fields = values.as<node::table>();
  const bool known_section = !did_you_mean(section, "").empty();
  if (known_section && !fields)
    return at(file, values,
              "'" + section + "' is a section, not " + std::string(values.kind()) + ": write [" +
                  section + "], and its settings below");
  if (!known_section)
    return at(file, values,
              "unknown key '" + section +
                  "'; sections are [server], [upstream], [admin], [store], [limits], [log], "
                  "[trace], [alerts], [insight]");
  for (const auto& [name, value] : *fields) {
    const auto known =
        std::ranges::find_if(all_settings(), [&section, &wanted = name](const setting& s) {
          return s.section == section && s.name == wanted;
        });
    if (known == all_settings().end())
      return at(file, value, "unknown key " + section + "." + name + did_you_mean(section, name));
    if (auto problem = known->put(into, value))
      return at(file, value,
                section + "." + name + ": " + *problem + " (accepts " + known->accepts + ")");
  }
  return {};
}

bool is_loopback(const std::string& host) {
  const auto address = policies::access::parse_ip(host);
  static const auto loopback = policies::access::parse_network("127.0.0.0/8").network.value();
  static const auto loopback6 = policies::access::parse_network("::1").network.value();
  return address && (loopback.contains(*address) || loopback6.contains(*address));
}

// What no setting shows alone.
std::optional<std::string> disagreement(const settings& s) {
  const auto more = [](std::string_view one, auto its, std::string_view other, auto others) {
    return fmt::format("{} ({}) is more than {} ({}): lower the one or raise the other", one, its,
                       other, others);
  };
  if (s.store.kind == "redis" && s.store.url.empty())
    return "store.url: say which Redis, like \"redis://127.0.0.1:6379\"";
  if (s.server.body_bytes_max > s.server.body_bytes_total_max)
    return more("server.body_bytes_max", s.server.body_bytes_max, "server.body_bytes_total_max",
                s.server.body_bytes_total_max);
  if (s.limits.output_tokens_min > s.limits.output_tokens_max)
    return more("limits.output_tokens_min", s.limits.output_tokens_min, "limits.output_tokens_max",
                s.limits.output_tokens_max);
  if (s.limits.output_tokens_max > s.limits.context_tokens)
    return more("limits.output_tokens_max", s.limits.output_tokens_max, "limits.context_tokens",
                s.limits.context_tokens);
  const auto data = parse_listen(s.server.listen), admin = parse_listen(s.admin.listen);
  if (data && admin && data->host == admin->host && data->port == admin->port && data->port != 0)
    return "server.listen and admin.listen are both \"" + s.server.listen +
           "\": give each a port of its own";
  for (const auto& [section, cert, key] :
       {std::tuple{"server", &s.server.tls_cert, &s.server.tls_key},
        std::tuple{"admin", &s.admin.tls_cert, &s.admin.tls_key}})
    if (cert->empty() != key->empty())
      return fmt::format("{0}.tls_cert and {0}.tls_key: one is of no use without the other",
                         section);
  if (!s.server.tls_client_ca.empty() && s.server.tls_cert.empty())
    return "server.tls_client_ca: without server.tls_cert nobody can show a certificate";
  if (admin && !is_loopback(admin->host) && s.admin.tls_cert.empty() &&
      s.admin.plain_http != "anywhere")
    return "admin.listen: " + s.admin.listen +
           " can be reached from other machines, and the admin plane speaks plain HTTP; listen on "
           "127.0.0.1 and come through an SSH tunnel, give it a certificate with admin.tls_cert "
           "and "
           "admin.tls_key, or say admin.plain_http = \"anywhere\"";
  return std::nullopt;
}

} // namespace

std::filesystem::path default_data_directory() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state)
    return std::filesystem::path(state) / "deepseek-proxy";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home && *home ? home : "/var/lib") / ".local/state/deepseek-proxy";
}

outcome<settings> settings_in(const node& document, const std::string& name) {
  settings made;
  for (const auto& [section, values] : *document.as<node::table>())
    if (auto done = put_section(made, name, section, values); !done)
      return done.error();
  if (made.store.path.empty())
    made.store.path = default_data_directory();
  if (!made.store.url.empty())
    made.store.kind = "redis";
  if (auto problem = disagreement(made))
    return failure{errc::bad_configuration, (name.empty() ? "" : name + ": ") + *problem};
  return made;
}

outcome<settings> load(const std::optional<std::filesystem::path>& file) {
  outcome<node> document = node{.value = node::table{}};
  if (file)
    document = read_toml(file->string());
  if (!document)
    return document.error();
  auto made = settings_in(*document, file ? file->string() : "");
  if (!made)
    return made;
  const std::string& named = made->limits.prices;
  auto prices =
      named.empty() ? parse_prices(built_in_prices(), "built-in prices") : load_prices(named);
  if (!prices)
    return prices.error();
  made->prices = std::move(*prices);
  return made;
}

std::string example_file() {
  const settings defaults;
  std::string out = "# deepseek-proxy: every setting with its default. All of them are optional.\n";
  std::string_view section;
  for (const setting& each : all_settings()) {
    if (each.section != section) {
      section = each.section;
      out += "\n# " + std::string(section_prose(section)) + "\n[" + std::string(section) + "]\n";
    }
    out += "# " + std::string(each.prose) + "\n# Accepts " + each.accepts +
           (each.live ? "; SIGHUP applies it.\n# " : ".\n# ") + std::string(each.name) + " = " +
           each.show(defaults) + "\n";
  }
  return out;
}

} // namespace proxy::config
