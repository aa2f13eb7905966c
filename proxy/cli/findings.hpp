// What diagnose found, check by check.
#pragma once

#include "proxy/cli/json.hpp"
#include "proxy/cli/session.hpp"

namespace proxy::cli {

enum class verdict { ok, note, problem }; // note: worth knowing, and not why requests fail

class findings {
 public:
  void ok(std::string check, std::string found) {
    all_.push_back({std::move(check), verdict::ok, std::move(found), {}});
  }
  void note(std::string check, std::string found, std::string to_do = {}) {
    all_.push_back({std::move(check), verdict::note, std::move(found), std::move(to_do)});
  }
  void problem(std::string check, std::string found, std::string to_do) {
    all_.push_back({std::move(check), verdict::problem, std::move(found), std::move(to_do)});
  }
  std::size_t problems() const;
  void print(const session& with) const; // quiet: the problems only

 private:
  struct one {
    std::string check;
    verdict how{};
    std::string found;
    std::string to_do;
  };
  std::vector<one> all_;
};

// Whether requests of this key are served, and if not, why: its state, its parents, its lists, what
// is left of its limits, and what went wrong in the last `hours`.
result<void> diagnose_key(session& with, const std::string& id, int hours, findings& into);

} // namespace proxy::cli
