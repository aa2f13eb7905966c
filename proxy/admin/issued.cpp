// https://www.ietf.org/archive/id/draft-ietf-httpapi-idempotency-key-header-06.html
#include "proxy/admin/issued.hpp"

#include <cstring>

#include <openssl/crypto.h>

#include "proxy/admin/json_text.hpp"
#include "proxy/admin/sha256.hpp"
#include "proxy/hex.hpp"

namespace proxy::admin {

issued_answers::~issued_answers() {
  while (!answers_.empty())
    forget(answers_.begin()->first);
}

void issued_answers::forget(std::uint64_t fingerprint) {
  const auto found = answers_.find(fingerprint);
  if (found == answers_.end())
    return;
  OPENSSL_cleanse(found->second.text.data(), found->second.text.size());
  answers_.erase(found);
}

void issued_answers::keep(std::uint64_t fingerprint, std::string_view body, const reply& answer,
                          policies::instant now) {
  while (!order_.empty() && (order_.size() >= kept_max || order_.front().first + kept <= now)) {
    forget(order_.front().second);
    order_.pop_front();
  }
  answers_[fingerprint] = {hex(sha256(body)), answer.body, answer.etag, now};
  order_.emplace_back(now, fingerprint);
}

std::optional<answer<reply>> issued_answers::find(std::uint64_t fingerprint, std::string_view body,
                                                  policies::instant now) const {
  const auto found = answers_.find(fingerprint);
  if (found == answers_.end() || found->second.at + kept <= now)
    return std::nullopt;
  if (found->second.body_hash != hex(sha256(body)))
    return answer<reply>{problem{.status = 422,
                                 .message = "this Idempotency-Key was used for another body; take "
                                            "a new one for a new key",
                                 .code = "idempotency_key_reused",
                                 .param = "Idempotency-Key"}};
  reply again;
  again.status = 201;
  again.body = found->second.text;
  again.etag = found->second.etag;
  return answer<reply>{std::move(again)};
}

answer<std::uint64_t> fingerprint_of(const request& call) {
  constexpr std::size_t length_max = 255;
  const std::string& given = call.idempotency_key;
  if (given.empty())
    return answer<std::uint64_t>{boost::system::in_place_value, 0};
  if (given.size() > length_max)
    return problem{.message = "Idempotency-Key: is longer than 255 characters",
                   .param = "Idempotency-Key"};
  const auto digest = sha256(call.by.actor + "\n" + given);
  std::uint64_t fingerprint = 0;
  std::memcpy(&fingerprint, digest.data(), sizeof fingerprint);
  return answer<std::uint64_t>{boost::system::in_place_value, fingerprint | 1};
}

std::optional<problem> refuse_second(const admin_context& context, std::uint64_t fingerprint) {
  std::optional<policies::key_id> made;
  context.directory.for_each([&](keys::key_slot& slot) {
    if (slot.record.load()->created_by == fingerprint)
      made = slot.id;
  });
  if (!made)
    return std::nullopt;
  return problem{.status = 409,
                 .message = "a key was made with this Idempotency-Key already: " +
                            policies::keys::to_string(*made) +
                            "; its secret was shown then and is not kept, rotate it for a new one",
                 .code = "conflict",
                 .param = "Idempotency-Key"};
}

} // namespace proxy::admin
