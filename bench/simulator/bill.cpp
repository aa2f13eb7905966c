// Rows and totals under one mutex: the critical sections are a few stores.
#include "bench/simulator/bill.hpp"

namespace simulator {

void tally::add(const request_record& row) {
  requests += 1;
  prompt_tokens += row.prompt_tokens;
  cached_tokens += row.cached_tokens;
  output_tokens += row.output_tokens;
  pico += row.cost_pico;
  nano += row.cost_nano;
}

bill::place bill::open(request_record row) {
  const std::lock_guard lock(mutex_);
  row.seq = ++last_seq_;
  totals_.requests += 1;
  totals_.in_flight += 1;
  rows_.push_back(std::move(row));
  if (rows_.size() > rows_max_)
    rows_.pop_front();
  return {last_seq_, epoch_};
}

void bill::charge(const request_record& row, place where) {
  const std::lock_guard lock(mutex_);
  if (where.epoch != epoch_)
    return;
  const auto hour = std::chrono::floor<std::chrono::hours>(row.billed_at).time_since_epoch();
  totals_.billed.add(row);
  totals_.by_model[row.model].add(row);
  totals_.by_hour[hour.count()].add(row);
  keep(row, where);
}

void bill::close(const request_record& row, place where) {
  const std::lock_guard lock(mutex_);
  if (where.epoch != epoch_)
    return;
  totals_.in_flight -= 1;
  keep(row, where);
}

void bill::keep(const request_record& row, place where) {
  const std::uint64_t first_seq = last_seq_ - rows_.size() + 1;
  if (where.seq < first_seq)
    return;
  auto& kept = rows_[where.seq - first_seq];
  kept = row;
  kept.seq = where.seq;
}

void bill::reset() {
  const std::lock_guard lock(mutex_);
  rows_.clear();
  totals_ = {};
  last_seq_ = 0;
  epoch_ += 1;
}

bill_totals bill::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

std::vector<request_record> bill::after(std::uint64_t seq, std::size_t count_max) const {
  const std::lock_guard lock(mutex_);
  std::vector<request_record> found;
  const std::uint64_t first_seq = last_seq_ - rows_.size() + 1;
  for (std::uint64_t at = std::max(seq + 1, first_seq); at <= last_seq_; ++at) {
    if (found.size() == count_max)
      break;
    found.push_back(rows_[at - first_seq]);
  }
  return found;
}

void price(request_record& row, price_list list, family model, const holiday_list& holidays) {
  const rates rate = rates_at(list, model, row.billed_at, holidays);
  row.cost_pico = row.cached_tokens * rate.hit +
                  (row.prompt_tokens - row.cached_tokens) * rate.miss +
                  row.output_tokens * rate.output + row.calls * tool_call_pico;
  row.cost_nano = (row.cost_pico + 999) / 1000;
  row.billed = true;
}

} // namespace simulator
