// An answer rendered in one format, as a whole or as the events of a stream. Knows the shapes;
// knows nothing of time, framing or faults.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bench/simulator/ask.hpp"
#include "bench/simulator/plan.hpp"

namespace simulator {

enum class part : std::uint8_t { reasoning, content, arguments };

class dialect {
 public:
  virtual ~dialect() = default;

  // Each appends one or more events. Order: opening, deltas (reasoning, then content or
  // arguments), closing with usage, done.
  virtual void opening(std::string& out) = 0;
  virtual void delta(std::string& out, part which, std::string_view text) = 0;
  virtual void closing(std::string& out) = 0;
  virtual void done(std::string& out) = 0;

  // The same answer as one JSON document.
  virtual std::string whole() = 0;
};

// `what` must outlive the dialect.
std::unique_ptr<dialect> chat_dialect(const plan& what);
std::unique_ptr<dialect> fim_dialect(const plan& what);
std::unique_ptr<dialect> responses_dialect(const plan& what);
std::unique_ptr<dialect> anthropic_dialect(const plan& what);
std::unique_ptr<dialect> make_dialect(format kind, const plan& what);

// {"prompt_tokens":…} as chat and FIM have it.
std::string chat_usage(const plan& what);
std::string_view chat_finish(ending finish);

} // namespace simulator
