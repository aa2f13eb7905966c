// The order of the walk: keys first, then what belongs to them.
#include "proxy/stores/copy/visitor.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "policies/keys/secret.hpp"
#include "proxy/stores/key_codec.hpp"
#include "proxy/stores/roll_up.hpp"

namespace proxy::stores::copy {

using policies::keys::key_record;

namespace {

constexpr std::size_t keys_between_words = 1000;

std::vector<member> members_of(const std::vector<key_record>& keys) {
  std::unordered_map<std::uint64_t, std::uint64_t> parent;
  for (const key_record& each : keys)
    if (each.parent)
      parent[each.id.value] = each.parent->value;
  std::vector<member> all;
  for (const key_record& each : keys) {
    std::uint64_t root = each.id.value;
    for (std::size_t up = 0; up < keys.size() && parent.contains(root); ++up)
      root = parent[root];
    all.push_back({each.id, policies::key_id{root}});
  }
  return all;
}

// A piece is read, counted, and handed over.
template <class T, class Count, class Use>
outcome<void> hand_over(const outcome<T>& read, const Count& count, const Use& use) {
  if (!read)
    return read.error();
  count(*read);
  return use(*read);
}

outcome<void> visit_sums(side& from, std::uint64_t key, const visitor& by, copy_figures& figures) {
  const auto count = [&](const std::vector<usage_row>& rows) {
    figures.rows += rows.size();
    for (const usage_row& row : rows)
      if (key == account_key) {
        figures.requests += row.sums.requests;
        figures.cost_nano += row.sums.cost_nano;
      }
  };
  const auto nothing = [](const auto&) {};
  auto done = hand_over(from.sums(key), count, [&](const auto& r) { return by.sums(key, r); });
  return done ? hand_over(from.spreads(key), nothing,
                          [&](const auto& rows) { return by.spreads(key, rows); })
              : done;
}

outcome<void> visit_member(side& from, member who, const visitor& by, copy_figures& figures) {
  const auto count = [&](const balance& is) {
    figures.balances += is != balance{};
    figures.spent_nano += is.state.total.spent.value;
  };
  auto done = hand_over(from.balance_of(who), count,
                        [&](const balance& is) { return by.balance_of(who, is); });
  return done ? visit_sums(from, who.id.value, by, figures) : done;
}

outcome<void> visit_papers(side& from, const visitor& by, copy_figures& figures) {
  auto done = hand_over(
      from.audit(), [&](const auto& all) { figures.audit = all.size(); }, by.audit);
  if (done)
    done = hand_over(
        from.files(), [&](const auto& all) { figures.files = all.size(); }, by.files);
  const auto count = [&](const notes_map& kinds) {
    for (const auto& [kind, all] : kinds)
      figures.notes += all.size();
  };
  return done ? hand_over(from.notes(), count, by.notes) : done;
}

bool same_sums(const usage_row& a, const usage_row& b) {
  return a.hour == b.hour && a.model == b.model && a.feature == b.feature &&
         std::ranges::all_of(usage_sums::fields,
                             [&](auto field) { return a.sums.*field == b.sums.*field; });
}
bool same_spread(const spread_row& a, const spread_row& b) {
  return a.hour == b.hour && a.model == b.model && a.feature == b.feature &&
         a.spread.packed() == b.spread.packed();
}
bool same_audit(const audit_row& a, const audit_row& b) {
  return a.time_ms == b.time_ms && a.actor == b.actor && a.action == b.action &&
         a.subject == b.subject && a.detail == b.detail;
}
bool same_key(const key_record& a, const key_record& b) {
  return encode(a) == encode(b);
}

// What a comparison does with a piece: the other side's is read and held against it.
template <class T, class Same>
outcome<void> compare(const outcome<T>& there, const T& wanted, const Same& same,
                      const std::string& what) {
  if (!there)
    return there.error();
  if (same(*there, wanted))
    return {};
  return failure{errc::conflict, what + " differs"};
}

template <class Same>
auto each(const Same& same) {
  return [same](const auto& a, const auto& b) { return std::ranges::equal(a, b, same); };
}

std::string of(const char* what, std::uint64_t key) {
  return what + (key == account_key ? " of the account"
                                    : " of " + policies::keys::to_string(policies::key_id{key}));
}

} // namespace

outcome<copy_figures> visit(side& from, const visitor& by,
                            const std::function<void(const std::string&)>& say) {
  copy_figures figures;
  const auto keys = from.keys();
  if (!keys)
    return keys.error();
  figures.keys = keys->size();
  auto done = by.keys(*keys);
  if (done)
    done = visit_papers(from, by, figures);
  if (done)
    done = visit_sums(from, account_key, by, figures);
  std::size_t seen = 0;
  for (const member& who : members_of(*keys)) {
    if (done)
      done = visit_member(from, who, by, figures);
    if (++seen % keys_between_words == 0 && done)
      say(fmt::format("  {} of {} keys", seen, keys->size()));
  }
  if (!done)
    return done.error();
  return figures;
}

visitor only_counting() {
  const auto nothing = [](const auto&...) { return outcome<void>{}; };
  return {nothing, nothing, nothing, nothing, nothing, nothing, nothing};
}

visitor writing_to(side& to) {
  return {
      .keys = [&to](const auto& all) { return to.put_keys(all); },
      .audit = [&to](const auto& all) { return to.put_audit(all); },
      .files = [&to](const auto& all) { return to.put_files(all); },
      .notes = [&to](const auto& all) { return to.put_notes(all); },
      .sums = [&to](std::uint64_t key, const auto& rows) { return to.put_sums(key, rows); },
      .spreads = [&to](std::uint64_t key, const auto& rows) { return to.put_spreads(key, rows); },
      .balance_of = [&to](member who, const balance& is) { return to.put_balance(who, is); }};
}

visitor comparing_with(side& other) {
  return {
      .keys =
          [&other](const auto& all) { return compare(other.keys(), all, each(same_key), "a key"); },
      .audit =
          [&other](const auto& all) {
            return compare(other.audit(), all, each(same_audit), "the audit log");
          },
      .files =
          [&other](const auto& all) {
            return compare(other.files(), all, std::equal_to<>{}, "the owner of a file");
          },
      .notes =
          [&other](const auto& all) {
            return compare(other.notes(), all, std::equal_to<>{}, "a note of an alert");
          },
      .sums =
          [&other](std::uint64_t key, const auto& rows) {
            return compare(other.sums(key), rows, each(same_sums), of("usage", key));
          },
      .spreads =
          [&other](std::uint64_t key, const auto& rows) {
            return compare(other.spreads(key), rows, each(same_spread), of("latencies", key));
          },
      .balance_of =
          [&other](member who, const balance& is) {
            return compare(other.balance_of(who), is, std::equal_to<>{},
                           of("what the limits count", who.id.value));
          }};
}

} // namespace proxy::stores::copy
