// Adding up.
#include "proxy/stores/key_store.hpp"

namespace proxy::stores {

usage_sums& usage_sums::operator+=(const usage_sums& other) {
  requests += other.requests;
  dispatched += other.dispatched;
  refused += other.refused;
  interrupted += other.interrupted;
  errors += other.errors;
  limited += other.limited;
  cached_tokens += other.cached_tokens;
  prompt_tokens += other.prompt_tokens;
  output_tokens += other.output_tokens;
  reasoning_tokens += other.reasoning_tokens;
  cost_nano += other.cost_nano;
  first_byte_ms_sum += other.first_byte_ms_sum;
  total_ms_sum += other.total_ms_sum;
  return *this;
}

minute_row& minute_row::operator+=(const minute_row& other) {
  requests += other.requests;
  tokens += other.tokens;
  errors += other.errors;
  cost_nano += other.cost_nano;
  return *this;
}

} // namespace proxy::stores
