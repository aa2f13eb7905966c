// What was answered to a creation with an Idempotency-Key: asked again, it is answered again, and
// no second key is made.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

// One thread's. Answers hold a secret, so they live in memory alone, for a while; that the key was
// made is told by its record for ever.
class issued_answers {
 public:
  static constexpr std::chrono::hours kept{24};
  static constexpr std::size_t kept_max = 1000; // the oldest makes room

  ~issued_answers(); // wipes

  void keep(std::uint64_t fingerprint, std::string_view body, const reply& answer,
            policies::instant now);
  // The instant for a new key: of two keys one is the elder, or lists had no order.
  policies::instant next_instant(policies::instant now) {
    return last_ = std::max(now, last_ + policies::milliseconds{1});
  }
  // The same answer, or why there is none for another body.
  std::optional<answer<reply>> find(std::uint64_t fingerprint, std::string_view body,
                                    policies::instant now) const;

 private:
  struct one {
    std::string body_hash;
    std::string text;
    std::string etag;
    policies::instant at;
  };
  void forget(std::uint64_t fingerprint);
  policies::instant last_{};
  std::map<std::uint64_t, one> answers_;
  std::deque<std::pair<policies::instant, std::uint64_t>> order_;
};

// Of the field's value and who sent it; 0: there is none.
answer<std::uint64_t> fingerprint_of(const request& call);
// Where the answer is gone: the key that was made then.
std::optional<problem> refuse_second(const admin_context& context, std::uint64_t fingerprint);

} // namespace proxy::admin
