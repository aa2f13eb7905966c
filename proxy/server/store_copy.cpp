// Words to sides, and figures to words.
#include "proxy/server/store_copy.hpp"

#include <chrono>
#include <ostream>

#include <fmt/format.h>

#include "proxy/server/open_store.hpp"
#include "proxy/stores/copy/copy.hpp"
#include "proxy/stores/copy/embedded_side.hpp"
#include "proxy/stores/copy/redis_side.hpp"
#include "proxy/upstream/tls_context.hpp"

namespace proxy::server {
namespace {

namespace copy = stores::copy;

constexpr std::string_view embedded_prefix = "embedded:";

// TLS goes last.
struct opened_side {
  upstream::tls_context tls;
  std::unique_ptr<copy::side> is;
};

outcome<opened_side> open_side(const std::string& where, const config::store_copy_words& words,
                               bool source) {
  opened_side made;
  if (where.starts_with(embedded_prefix)) {
    const std::string directory = where.substr(embedded_prefix.size());
    if (!source && words.dry_run && !copy::has_database(directory))
      return made; // nothing is there, and nothing is to be made
    const auto now = std::chrono::floor<policies::milliseconds>(std::chrono::system_clock::now());
    auto opened = copy::open_embedded(directory, source, policies::instant{now.time_since_epoch()});
    if (!opened)
      return opened.error();
    made.is = std::move(*opened);
    return made;
  }
  config::settings settings;
  settings.store.url = where;
  settings.store.password.text = words.password;
  settings.store.sentinel_password.text = words.sentinel_password;
  const auto address = redis_address(settings);
  if (!address)
    return failure{address.error().code,
                   address.error().message + " (say embedded:PATH for a data directory)"};
  if (address->tls) {
    auto context = upstream::make_client_context(words.ca_file);
    if (!context)
      return context.error();
    made.tls = std::move(*context);
  }
  auto opened = copy::open_redis(*address, made.tls.get());
  if (!opened)
    return opened.error();
  made.is = std::move(*opened);
  return made;
}

std::string dollars(std::int64_t nano) {
  return fmt::format("${}.{:09}", nano / 1'000'000'000, nano % 1'000'000'000);
}

void print(const copy::copy_report& made, std::ostream& out) {
  const copy::copy_figures& found = made.found;
  out << fmt::format(
      "{} keys, {} audit rows, {} files, {} notes, {} hourly sums ({} requests, {}), "
      "{} keys with usage that limits count ({})\n",
      found.keys, found.audit, found.files, found.notes, found.rows, found.requests,
      dollars(found.cost_nano), found.balances, dollars(found.spent_nano));
  switch (made.how) {
  case copy::copied::counted:
    out << "nothing was written\n";
    break;
  case copy::copied::written:
    out << "copied, and the same on both sides\n";
    break;
  case copy::copied::known:
    out << "nothing to do: it is the same on both sides already\n";
  }
}

} // namespace

outcome<void> copy_store(const config::store_copy_words& words, std::ostream& out) {
  auto from = open_side(words.from, words, true);
  if (!from)
    return failure{from.error().code, "--from: " + from.error().message};
  auto to = open_side(words.to, words, false);
  if (!to)
    return failure{to.error().code, "--to: " + to.error().message};
  const copy::copy_options options{
      .dry_run = words.dry_run, .replace = words.replace, .force = words.force};
  const auto copied =
      copy::copy_store(*from->is, to->is.get(), options, [&](const std::string& line) {
        out << line << "\n" << std::flush;
      });
  if (!copied)
    return copied.error();
  print(*copied, out);
  return {};
}

} // namespace proxy::server
