// Opens the row when the request is complete and closes it when the answer is over, however it
// ended: the destructor also runs when the server stops in mid-stream.
#include "bench/simulator/exchange.hpp"

#include <algorithm>

#include <boost/beast/core/string.hpp>
#include <fmt/format.h>

namespace simulator {
namespace {

constexpr std::string_view option_prefix = "x-sim-";

std::string_view target_of(const http_request& request) {
  return {request.target().data(), request.target().size()};
}

} // namespace

exchange::exchange(world& shared, wire& connection, const http_request& received, bool last_one)
    : state(shared), peer(connection), request(received),
      path(target_of(received).substr(0, target_of(received).find('?'))), how(shared.how()),
      chance(how->seed, shared.lots.fetch_add(1) + 1), faults(draw(how->faults, chance)),
      out(connection, faults, terms(last_one)) {
  if (const auto mark = target_of(request).find('?'); mark != std::string_view::npos)
    query = target_of(request).substr(mark + 1);
  read_headers();
  row.connection = peer.id();
  row.request_id = header("x-request-id");
  row.method = std::string(request.method_string());
  row.path = path;
  row.fault = faults.text();
  row.arrival = state.clock.now();
  row.arrived_us = monotonic_us();
  row.bytes_in = static_cast<std::int64_t>(request.body().size());
  place_ = state.ledger.open(row);
}

exchange::~exchange() {
  if (row.ended_us == 0)
    row.ended_us = monotonic_us();
  charge();
  row.status = out.status();
  row.bytes_out = out.bytes();
  row.client_left = peer.peer_left();
  row.done = true;
  state.ledger.close(row, place_);
}

std::string_view exchange::header(std::string_view name) const {
  const auto found = request.find(name);
  if (found == request.end())
    return {};
  return {found->value().data(), found->value().size()};
}

void exchange::charge() {
  if (!owed_)
    return;
  row.status = out.status();
  row.billed_at = billing_instant();
  price(row, how->prices, *owed_, how->holidays);
  state.ledger.charge(row, place_);
  owed_.reset();
}

asio::awaitable<bool> exchange::send(int status, std::string body, std::string type) {
  charge();
  co_return co_await out.plain(status, type, body);
}

asio::awaitable<bool> exchange::refuse(problem what) {
  co_return co_await out.plain(what.status, what.type, what.body);
}

answer_terms exchange::terms(bool last_one) const {
  dice trace(how->seed + 1, state.lots.load());
  return {.keep_alive = request.keep_alive() && !last_one,
          .http_1_0 = request.version() < 11,
          .head_only = request.method() == boost::beast::http::verb::head,
          .trace_id = fmt::format("{:016x}{:016x}", trace.next(), trace.next())};
}

void exchange::read_headers() {
  std::shared_ptr<behaviour> own;
  for (const auto& field : request) {
    const std::string_view name{field.name_string().data(), field.name_string().size()};
    if (name.size() <= option_prefix.size() ||
        !boost::beast::iequals(name.substr(0, option_prefix.size()), option_prefix))
      continue;
    std::string option(name.substr(option_prefix.size()));
    for (char& c : option)
      c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::string_view value{field.value().data(), field.value().size()};
    if (option == "fault") {
      auto asked = fault_list::parse(value);
      if (asked)
        faults = std::move(*asked);
      else
        wrong_option = fmt::format("x-sim-fault: unknown fault {}", value);
      continue;
    }
    if (!own)
      own = std::make_shared<behaviour>(*how);
    const auto problem_text = set_header_option(*own, option, value);
    if (!problem_text.empty())
      wrong_option = problem_text;
  }
  if (own)
    how = std::move(own);
}

instant exchange::billing_instant() {
  const instant now = state.clock.now();
  if (how->billed == bill_instant::start)
    return row.arrival;
  if (how->billed == bill_instant::end)
    return now;
  const auto length = static_cast<double>((now - row.arrival).count());
  return row.arrival + milliseconds{static_cast<std::int64_t>(length * chance.share())};
}

} // namespace simulator
