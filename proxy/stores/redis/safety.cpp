// https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ and .../replication/:
// what a crash, a full memory and a failover take away.
#include "proxy/stores/redis/safety.hpp"

#include <array>

namespace proxy::stores::redis {
namespace {

using findings = std::vector<safety_finding>;

std::string_view value_in(const text_map& of, std::string_view name) {
  const auto found = of.find(name);
  return found == of.end() ? std::string_view{} : std::string_view{found->second};
}

void judge_persistence(const text_map& settings, findings& out) {
  if (value_in(settings, "appendonly") != "yes") {
    out.push_back({safety::problem, "appendonly",
                   "no: a restart of Redis forgets what came after its last snapshot: keys, and "
                   "spend that no running proxy has in its journal",
                   "CONFIG SET appendonly yes, then CONFIG REWRITE"});
    return;
  }
  out.push_back({safety::good, "appendonly", "yes: what was acknowledged is in its log", ""});
  const std::string_view sync = value_in(settings, "appendfsync");
  if (sync == "always")
    out.push_back({safety::good, "appendfsync", "always: a power cut loses nothing", ""});
  else if (sync == "everysec")
    out.push_back({safety::note, "appendfsync",
                   "everysec: a power cut of its machine loses up to two seconds; proxies replay "
                   "what their journals have of them, changes of keys are gone",
                   "CONFIG SET appendfsync always, if keys must survive that too"});
  else
    out.push_back({safety::problem, "appendfsync",
                   std::string(sync) + ": the system writes its log when it likes, half a minute "
                                       "may be lost",
                   "CONFIG SET appendfsync everysec, or always"});
}

void judge_memory(const text_map& settings, findings& out) {
  const std::string_view policy = value_in(settings, "maxmemory-policy");
  const std::string_view most = value_in(settings, "maxmemory");
  const bool bounded = !most.empty() && most != "0";
  if (policy != "noeviction")
    out.push_back({bounded ? safety::problem : safety::note, "maxmemory-policy",
                   std::string(policy) + (bounded ? ": a full Redis throws keys and limits away"
                                                  : ": harmless while maxmemory is 0"),
                   "CONFIG SET maxmemory-policy noeviction"});
  else
    out.push_back(
        {safety::good, "maxmemory-policy",
         bounded ? "noeviction: a full Redis refuses, and proxies answer 503" : "noeviction", ""});
}

void judge_replication(const text_map& settings, const text_map& facts, findings& out) {
  if (value_in(facts, "role") == "slave") {
    out.push_back({safety::problem, "role", "this is a replica, which takes no writes",
                   "point store.url at the master"});
    return;
  }
  const std::string_view replicas = value_in(facts, "connected_slaves");
  if (replicas.empty() || replicas == "0") {
    out.push_back(
        {safety::note, "replicas", "none: while this Redis is away, proxies answer 503", ""});
    return;
  }
  if (value_in(settings, "min-replicas-to-write") == "0")
    out.push_back({safety::problem, "min-replicas-to-write",
                   "0: a master that is cut off goes on taking writes, which a failover forgets",
                   "CONFIG SET min-replicas-to-write 1"});
  else
    out.push_back(
        {safety::good, "min-replicas-to-write", "a master without replicas takes no writes", ""});
}

} // namespace

std::string_view name_of(safety how) {
  static constexpr std::array<std::string_view, 3> names{"ok", "note", "problem"};
  return names[static_cast<std::size_t>(how)];
}

std::vector<safety_finding> judge_safety(const text_map& settings, const text_map& facts,
                                         layout how) {
  findings out;
  if (value_in(facts, "cluster_enabled") == "1" && how != layout::cluster)
    out.push_back({safety::problem, "cluster",
                   "this is a node of a cluster, which has a part of the keys only",
                   "say redis+cluster:// in store.url"});
  if (value_in(settings, "cluster-require-full-coverage") == "yes" && how == layout::cluster)
    out.push_back({safety::note, "cluster-require-full-coverage",
                   "yes: while one shard is away, all keys are refused",
                   "CONFIG SET cluster-require-full-coverage no, to refuse its keys only"});
  if (settings.empty())
    out.push_back({safety::note, "settings",
                   "cannot be read by this user, so that persistence and memory are not judged",
                   "allow +config|get for the check"});
  else {
    judge_persistence(settings, out);
    judge_memory(settings, out);
  }
  judge_replication(settings, facts, out);
  return out;
}

text_map facts_in(std::string_view info) {
  text_map out;
  while (!info.empty()) {
    std::string_view line = info.substr(0, info.find('\n'));
    info.remove_prefix(std::min(info.size(), line.size() + 1));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (colon != line.npos && !line.starts_with('#'))
      out.emplace(line.substr(0, colon), line.substr(colon + 1));
  }
  return out;
}

} // namespace proxy::stores::redis
