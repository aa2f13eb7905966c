// From one store to another, and looked at before anybody uses it: every piece that was written is
// read again and compared with its source.
#pragma once

#include <functional>

#include "proxy/stores/copy/side.hpp"

namespace proxy::stores::copy {

struct copy_options {
  bool dry_run = false;
  bool replace = false; // what the target has
  bool force = false;   // though requests are open in the source: they count as spent
};

struct copy_figures {
  std::size_t keys = 0;
  std::size_t audit = 0;
  std::size_t files = 0;
  std::size_t notes = 0;
  std::size_t rows = 0;        // of hourly sums
  std::int64_t requests = 0;   // in the account's
  std::int64_t cost_nano = 0;  // in the account's
  std::size_t balances = 0;    // keys that have used anything
  std::int64_t spent_nano = 0; // by the limits of all keys
  bool operator==(const copy_figures&) const = default;
};

enum class copied { counted, written, known }; // known: the target had it all already

struct copy_report {
  copied how = copied::counted;
  copy_figures found;
};

// `to`: nullptr where a dry run finds nothing there. `say`: progress, a line each. A difference
// that is found afterwards is a failure, and leaves a target that no proxy starts on.
outcome<copy_report> copy_store(side& from, side* to, const copy_options& options,
                                const std::function<void(const std::string&)>& say);

} // namespace proxy::stores::copy
