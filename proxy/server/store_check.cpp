// Asking Redis what it is set to; an embedded store has nothing to be set wrongly.
#include "proxy/server/store_check.hpp"

#include <ostream>

#include "proxy/server/open_store.hpp"
#include "proxy/stores/redis/blocking_client.hpp"
#include "proxy/stores/redis/names.hpp"
#include "proxy/stores/redis/roll_call.hpp"
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

outcome<bool> check_masters(redis::address where, SSL_CTX* tls, std::ostream& out) {
  if (where.how == redis::layout::standalone)
    return check_node(where, tls, out);
  const redis::topology nodes{where, tls};
  const auto map = nodes.map();
  if (map->nodes.empty())
    return failure{errc::store_unavailable, nodes.trouble()};
  bool sound = true;
  for (const redis::node& each : map->nodes) {
    out << "master " << redis::to_string(each.at) << ":\n";
    where.host = each.at.host;
    where.port = each.at.port;
    const auto judged = check_node(where, tls, out);
    if (!judged)
      return judged.error();
    sound = sound && *judged;
  }
  return sound;
}

outcome<upstream::tls_context> tls_for(const redis::address& where,
                                       const config::settings& settings) {
  return where.tls ? upstream::make_client_context(settings.store.ca_file)
                   : outcome<upstream::tls_context>{upstream::tls_context{}};
}

// A process that proxies know and that is not open yet, and whom they wait for.
outcome<bool> check_openness(redis::blocking_client& at, std::ostream& out) {
  const auto known = at.ask("HGETALL", redis::processes_name);
  const auto there =
      known ? at.ask("ZRANGE", redis::nodes_name, "0", "-1") : outcome<redis::reply>{known.error()};
  if (!there)
    return there.error();
  bool open = true;
  const auto items = redis::items_of(**known);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    const auto one = redis::read_process(redis::text_of(*items[i + 1]));
    if (!one || one->open)
      continue;
    open = false;
    std::string missing;
    for (const redisReply* name : redis::items_of(**there))
      if (!one->told.contains(std::string(redis::text_of(*name))))
        missing += " " + std::string(redis::text_of(*name));
    print(out, {redis::safety::problem, "limits",
                "process " + std::string(redis::text_of(*items[i])).substr(0, 8) +
                    " has to be told again what it may lack; proxies that have not:" + missing,
                "start them, wait for server.request_lifetime_max_s, or say \"store forget\" of "
                "each that comes back no more"});
  }
  return open;
}

outcome<bool> check_redis(const config::settings& settings, std::ostream& out) {
  auto where = redis_address(settings);
  if (!where)
    return where.error();
  const auto tls = tls_for(*where, settings);
  if (!tls)
    return tls.error();
  auto sound = check_masters(*where, tls->get(), out);
  if (!sound)
    return sound;
  redis::topology nodes{*where, tls->get()};
  redis::blocking_client by{nodes};
  const auto open = check_openness(by, out);
  return open ? *open && *sound : open;
}

} // namespace

outcome<void> forget_proxy(const config::settings& settings, const std::string& name) {
  if (settings.store.kind != "redis")
    return failure{errc::bad_configuration, "the store is embedded: there is one proxy"};
  const auto where = redis_address(settings);
  if (!where)
    return where.error();
  const auto tls = tls_for(*where, settings);
  if (!tls)
    return tls.error();
  redis::topology nodes{*where, tls->get()};
  redis::blocking_client by{nodes};
  const auto done = by.ask("ZREM", redis::nodes_name, name);
  if (!done)
    return done.error();
  if ((*done)->integer == 1)
    return {};
  return failure{errc::not_found, "no proxy is known by the name \"" + name + "\""};
}

outcome<bool> check_store(const config::settings& settings, std::ostream& out) {
  if (settings.store.kind == "redis")
    return check_redis(settings, out);
  out << "ok      embedded: journal and database in " << settings.store.path.string()
      << ", written before a request leaves; one proxy at a time\n";
  return true;
}

} // namespace proxy::server
