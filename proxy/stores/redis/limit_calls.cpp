// What an operation says to Redis: a script call with its keys and packed numbers.
#include "proxy/stores/redis/limit_line.hpp"

#include "proxy/stores/redis/scripts.hpp"

namespace proxy::stores::redis {

namespace {

// EVALSHA digest n holds states...; the script's arguments follow.
command_writer call(std::string& out, script which, const packed_chain& chain,
                    std::size_t arguments) {
  command_writer writer{out, 3 + 1 + chain.length + arguments};
  const char count = static_cast<char>('1' + chain.length);
  writer << "EVALSHA" << digest_of(which) << std::string_view{&count, 1} << chain.holds;
  for (std::size_t i = 0; i < chain.length; ++i)
    writer << chain.states[i];
  return writer;
}

} // namespace

void limit_line::write_reserve(const operation& o, const packed_chain& chain, std::string& out) {
  const policies::limits::ask& a = o.op->ask;
  packer numbers;
  numbers << script_now(o.now) << not_after(o.now) << a.requests << a.slots << a.held_tokens.value
          << a.risk_tokens.value << a.money_want.value << a.money_min.value
          << std::int64_t{a.provisional};
  const std::string who = node_ + hex(o.key->id.value);
  call(out, script::reserve, chain, 4) << view(o.id) << who << chain.limits << numbers.text();
}

void limit_line::write_extend(const operation& o, const packed_chain& chain, std::string& out) {
  const policies::limits::ask& a = o.op->ask;
  packer numbers;
  numbers << script_now(o.now) << a.held_tokens.value << a.risk_tokens.value << a.money_want.value
          << a.money_min.value;
  call(out, script::extend, chain, 3) << view(o.id) << chain.limits << numbers.text();
}

void limit_line::write_settle(const operation& o, const packed_chain& chain, std::string& out) {
  packer numbers;
  numbers << script_now(o.now) << std::int64_t{o.what == kind::settle} << o.used.used_tokens.value
          << o.used.cost.value;
  call(out, script::settle, chain, 3) << view(o.id) << chain.limits << numbers.text();
}

} // namespace proxy::stores::redis
