// Rounds to bytes.
#include "proxy/stores/redis/round.hpp"

#include "proxy/stores/redis/scripts.hpp"

namespace proxy::stores::redis {

using kind = limit_operation::kind;

void round::clear() {
  key = nullptr;
  ends.clear();
  asks.clear();
  replicating = false;
}

namespace {

void pack_operation(packer& out, const limit_operation& o) {
  out << (o.what == kind::settle   ? std::string_view{"s"}
          : o.what == kind::cancel ? std::string_view{"c"}
          : o.what == kind::extend ? std::string_view{"x"}
                                   : std::string_view{"r"})
      << view(o.id);
  if (o.what == kind::settle)
    out << o.used.used_tokens.value << o.used.cost.value;
  if (o.ends())
    return;
  const policies::limits::ask& a = o.op->ask;
  if (o.what != kind::extend)
    out << a.requests << a.slots;
  out << a.held_tokens.value << a.risk_tokens.value << a.money_want.value << a.money_min.value;
  if (o.what != kind::extend)
    out << std::int64_t{a.provisional};
}

} // namespace

// EVALSHA digest n holds states... word who limits times, then what is asked.
void round_writer::write(const round& r, std::int64_t now_ms, std::int64_t not_after_ms,
                         std::string& out) {
  const keys::key_chain chain{*r.key};
  const std::uint64_t root = r.key->root->id.value;
  command_writer command{out, 3 + 1 + chain.length + 4 + r.size()};
  const char count = static_cast<char>('1' + chain.length);
  command << "EVALSHA" << digest_of(script::round) << std::string_view{&count, 1};
  name_.clear();
  append_holds_name(name_, root);
  command << name_;
  for (std::size_t i = 0; i < chain.length; ++i) {
    name_.clear();
    append_state_name(name_, root, chain.slots[i]->id.value);
    command << name_;
  }
  const auto argue = [&] {
    command << packed_.text();
    packed_.text().clear();
  };
  packed_.text().clear();
  packed_ << static_cast<std::int64_t>(r.word);
  argue();
  append_hex(packed_.text(), node_);
  append_hex(packed_.text(), r.key->id.value);
  argue();
  for (std::size_t i = 0; i < chain.length; ++i)
    pack(packed_, chain.records[i]->limits);
  argue();
  packed_ << now_ms << not_after_ms;
  argue();
  for (const auto* some : {&r.ends, &r.asks})
    for (const limit_operation* o : *some) {
      pack_operation(packed_, *o);
      argue();
    }
}

} // namespace proxy::stores::redis
