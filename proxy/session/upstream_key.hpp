// The account's real key as data threads read it: one load a request, no lock, no count of readers.
// A replaced key is freed by the epochs that free key records.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/crypto.h>

#include "proxy/keys/epoch.hpp"

namespace proxy::session {

// On a cache line of its own: who reads it never waits for a neighbour that is written.
class alignas(64) upstream_key {
 public:
  upstream_key(std::string first, keys::epochs& readers)
      : readers_(readers), now_(new std::string(std::move(first))) {}
  ~upstream_key() { forget(now_.load()); }
  upstream_key(const upstream_key&) = delete;
  upstream_key& operator=(const upstream_key&) = delete;

  // For participants of the epochs; good until the end of the loop turn.
  std::string_view read() const { return *now_.load(std::memory_order_seq_cst); }

  void replace(std::string next) {
    const auto* old = now_.exchange(new std::string(std::move(next)), std::memory_order_seq_cst);
    readers_.retire([old] { forget(old); });
  }

 private:
  static void forget(const std::string* key) {
    OPENSSL_cleanse(const_cast<char*>(key->data()), key->size());
    delete key;
  }
  keys::epochs& readers_;
  std::atomic<const std::string*> now_;
};

} // namespace proxy::session
