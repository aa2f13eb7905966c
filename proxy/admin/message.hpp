// What a call is and what it answers, as values: no socket and no Beast message in them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <boost/system/result.hpp>

#include "policies/keys/key_record.hpp"

namespace proxy::admin {

// Why a call is refused; becomes OpenAI's error object.
struct problem {
  unsigned status = 400;
  std::string message;
  std::string code = "invalid_request";
  std::string param{}; // the field at fault, or empty
  std::chrono::seconds retry_after{0};
};

template <class T>
using answer = boost::system::result<T, problem>;

// An aggregate can be made of a number in parentheses, so that a plain number is ambiguous.
inline answer<std::int64_t> number_answer(std::int64_t value) {
  return {boost::system::in_place_value, value};
}

// A body that is made piece by piece while it is sent.
class pieces {
 public:
  virtual ~pieces() = default;
  // nullopt: that was all. An empty one: there may be more after pause().
  virtual std::optional<std::string> next() = 0;
  virtual std::chrono::milliseconds pause() const { return {}; }
};

struct reply {
  unsigned status = 200;
  std::string body{};
  std::string type = "application/json";
  std::string etag{};
  std::string allow{};  // of a 405
  std::string cookie{}; // the value of Set-Cookie
  std::chrono::seconds retry_after{0};
  std::unique_ptr<pieces> parts{}; // instead of `body`
};

reply json_reply(unsigned status, const boost::json::object& body);
reply reply_of(const problem& why);

// Parameters after the question mark, decoded.
struct query {
  std::vector<std::pair<std::string, std::string>> values;
  std::optional<std::string_view> get(std::string_view name) const;
};
answer<query> parse_query(std::string_view text);

class web_sessions;
class issued_answers;
class event_feed;

// Who calls: the owner with the configured key or a session, the holder of an admin key, or a key
// of the data plane that manages those below it.
struct caller {
  std::string actor = "admin"; // as the audit trail names it
  policies::keys::admin_role role = policies::keys::admin_role::owner;
  std::optional<policies::key_id> admin_key{}; // of the admin plane; absent: the configured one
  std::optional<policies::key_id> delegate{};
};

struct request {
  std::string path;
  struct query query;
  caller by{};
  policies::key_id key{};      // of /v1/keys/{id}
  web_sessions* browsers{};    // null: not from a connection of the admin plane
  issued_answers* issued{};    // never null
  event_feed* feed{};          // null: not from a connection of the admin plane
  std::string last_event_id{}; // of who listens to events again
  std::string session_token{}; // of the cookie, or empty
  std::string if_match;
  std::string idempotency_key{};
  std::string body;
  policies::instant now{};
  bool secure = false; // came over TLS
};

// An integer parameter within [least, most]; `otherwise` where it is absent.
struct number_range {
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::int64_t otherwise = 0;
};
answer<std::int64_t> number_in(const query& from, std::string_view name, number_range range);

} // namespace proxy::admin
