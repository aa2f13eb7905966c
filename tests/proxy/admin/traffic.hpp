// Requests of keys as the data plane leaves them: holds in the limit store, rows in the journal.
#pragma once

#include "policies/admission/refusal.hpp"
#include "tests/proxy/admin/plane.hpp"

namespace proxy::admin::test {

struct spent {
  std::int64_t cost_nano = 0;
  std::int64_t cached = 0;
  std::int64_t prompt = 0;
  std::int64_t output = 0;
  journal::ending end = journal::ending::complete;
  std::uint16_t status = 200;
  std::string model = "deepseek-chat";
};

struct running {
  keys::key_slot* key = nullptr;
  policies::limits::hold hold;
  journal::entry intent;
};

// One data thread's.
class traffic {
 public:
  explicit traffic(plane& of);

  // Reserves and journals the intent, at the plane's time.
  running begin(policies::key_id key, std::int64_t hold_tokens, std::int64_t hold_nano);
  void end(const running& one, const spent& how);
  void use(policies::key_id key, const spent& how);
  void refuse(policies::key_id key, policies::admission::refusal_code code, std::uint32_t count);
  void apply(); // what was journalled is in the roll-ups when this returns

 private:
  void append(const journal::entry& e);
  plane& of_;
  journal::lane& lane_;
  keys::epochs::participant& turn_;
  std::uint64_t requests_ = 0;
};

policies::key_id id_of(const boost::json::object& key);

} // namespace proxy::admin::test
