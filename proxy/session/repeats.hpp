// Answers to requests that carried an Idempotency-Key, kept for a minute: a client that asks again,
// because its connection broke, gets the same answer, and nothing runs or is billed twice. One
// process's memory: a restart forgets, and another node does not know.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "policies/keys/secret.hpp"
#include "policies/types.hpp"

namespace proxy::session {

struct kept_answer {
  int status = 0;
  std::string content_type;
  std::string body;
};

// Thread-safe. Asked only by requests that carry the field.
class repeated_answers {
 public:
  static constexpr policies::milliseconds kept_for{60'000};
  static constexpr std::size_t answer_bytes_max = 1u << 20; // a larger one is not kept
  static constexpr std::size_t bytes_max = 64u << 20;       // the oldest make room

  // SHA-256 of the key's id with the field's value, and of the request's path and body.
  using digest = policies::keys::secret_hash;
  enum class standing : std::uint8_t {
    first,   // nobody asked this: keep() or forget() must follow
    running, // the first one is not answered yet
    other,   // the name was used for another request
    done,    // `answer` is what it got
  };
  struct found {
    standing how{};
    std::shared_ptr<const kept_answer> answer;
  };
  bool knows(const digest& name, policies::instant now); // running or done
  found claim(const digest& name, const digest& request, policies::instant now);
  void keep(const digest& name, std::shared_ptr<const kept_answer> answer, policies::instant now);
  void forget(const digest& name);

 private:
  struct entry {
    digest request{};
    std::shared_ptr<const kept_answer> answer; // null: running
  };
  void make_room(policies::instant now);
  std::mutex lock_;
  std::map<digest, entry> entries_;
  struct ended {
    policies::instant at;
    digest name;
    std::size_t bytes;
  };
  std::deque<ended> ended_; // oldest first
  std::size_t bytes_ = 0;
};

} // namespace proxy::session
