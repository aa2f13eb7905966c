// Adaptive token accounting: the expected size of a request, from the sizes of those before it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "policies/types.hpp"

namespace policies::limits {

// A running high quantile of a key's request sizes per model, as a ratio to what the cold estimate
// would have been, so that large and small prompts share what is learnt. About the 90th: with a
// higher one the holds of long answers fill the bucket before what is used does. Keeps a few
// models, for each of them memory from its first sample on; the least recently used is forgotten.
class estimator {
 public:
  // prompt bound/3 + min(cap, 1024), until learnt; then scaled. Never above the bound
  // prompt_bound + cap.
  tokens expected(std::string_view model, tokens prompt_bound, tokens output_cap) const;
  void learn(std::string_view model, tokens prompt_bound, tokens output_cap, tokens used);

 private:
  struct entry {
    std::uint64_t model_hash = 0;
    std::int64_t ratio_millionths = 1'000'000; // of the cold estimate
    std::uint32_t samples = 0;
    std::uint64_t last_used = 0;
  };
  entry& entry_of(std::uint64_t model_hash);

  static constexpr std::size_t models_max = 8;
  std::vector<entry> entries_; // models_max at most
  std::uint64_t clock_ = 0;
};

} // namespace policies::limits
