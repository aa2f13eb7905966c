// Asking Redis what it is set to; an embedded store has nothing to be set wrongly.
#include "proxy/server/store_check.hpp"

#include <ostream>

#include "proxy/server/open_store.hpp"
#include "proxy/stores/redis/blocking_client.hpp"
#include "proxy/stores/redis/safety.hpp"
#include "proxy/upstream/tls_context.hpp"

namespace proxy::server {
namespace {

namespace redis = stores::redis;

outcome<redis::text_map> settings_of(redis::blocking_client& at) {
  auto answer = at.run(redis::batch{}.add("CONFIG", "GET", "*"));
  if (!answer)
    return answer.error();
  redis::text_map out;
  if (redis::is_error(*answer->front()))
    return out; // not allowed to this user: judged as unread
  const auto items = redis::items_of(*answer->front());
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    out.emplace(redis::text_of(*items[i]), redis::text_of(*items[i + 1]));
  return out;
}

// Limits are decided by scripts; a user without the right to run them decides nothing.
outcome<redis::safety_finding> scripting_of(redis::blocking_client& at) {
  auto answer = at.run(redis::batch{}.add("EVAL", "return redis.call('TIME')[1]", "0"));
  if (!answer)
    return answer.error();
  const redisReply& said = *answer->front();
  if (!redis::is_error(said))
    return redis::safety_finding{redis::safety::good, "scripts", "can be run", ""};
  return redis::safety_finding{redis::safety::problem, "scripts",
                               "cannot be run: " + std::string(redis::text_of(said)),
                               "allow +eval +evalsha +script to this user"};
}

void print(std::ostream& out, const redis::safety_finding& found) {
  out << fmt::format("{:<8}{}: {}\n", redis::name_of(found.how), found.subject, found.message);
  if (!found.advice.empty())
    out << "        -> " << found.advice << "\n";
}

// Each master is judged by itself.
outcome<bool> check_node(const redis::address& where, SSL_CTX* tls, std::ostream& out) {
  redis::address alone = where;
  alone.how = redis::layout::standalone;
  redis::blocking_client at{alone, tls};
  const auto info = at.ask("INFO");
  const auto known = info ? settings_of(at) : outcome<redis::text_map>{info.error()};
  const auto scripts = known ? scripting_of(at) : outcome<redis::safety_finding>{known.error()};
  if (!scripts)
    return scripts.error();
  auto found = redis::judge_safety(*known, redis::facts_in(redis::text_of(**info)), where.how);
  found.push_back(*scripts);
  bool sound = true;
  for (const redis::safety_finding& each : found) {
    print(out, each);
    sound = sound && each.how != redis::safety::problem;
  }
  return sound;
}

outcome<bool> check_redis(const config::settings& settings, std::ostream& out) {
  auto where = redis_address(settings);
  if (!where)
    return where.error();
  upstream::tls_context tls;
  if (where->tls) {
    auto made = upstream::make_client_context(settings.store.ca_file);
    if (!made)
      return made.error();
    tls = std::move(*made);
  }
  if (where->how == redis::layout::standalone)
    return check_node(*where, tls.get(), out);
  const redis::topology nodes{*where, tls.get()};
  const auto map = nodes.map();
  if (map->nodes.empty())
    return failure{errc::store_unavailable, nodes.trouble()};
  bool sound = true;
  for (const redis::node& each : map->nodes) {
    out << "master " << redis::to_string(each.at) << ":\n";
    where->host = each.at.host;
    where->port = each.at.port;
    const auto judged = check_node(*where, tls.get(), out);
    if (!judged)
      return judged.error();
    sound = sound && *judged;
  }
  return sound;
}

} // namespace

outcome<bool> check_store(const config::settings& settings, std::ostream& out) {
  if (settings.store.kind == "redis")
    return check_redis(settings, out);
  out << "ok      embedded: journal and database in " << settings.store.path.string()
      << ", written before a request leaves; one proxy at a time\n";
  return true;
}

} // namespace proxy::server
