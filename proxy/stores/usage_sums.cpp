// Adding up.
#include "proxy/stores/key_store.hpp"

namespace proxy::stores {

usage_sums& usage_sums::operator+=(const usage_sums& other) {
  for (std::int64_t usage_sums::*field : fields)
    this->*field += other.*field;
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
