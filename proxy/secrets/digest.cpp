// OpenSSL's calls behind values.
#include "proxy/secrets/digest.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "proxy/hex.hpp"

namespace proxy::secrets {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string text_of(const std::vector<unsigned char>& bytes, std::size_t length) {
  return {reinterpret_cast<const char*>(bytes.data()), length};
}

struct openssl_deleter {
  void operator()(BIO* what) const { BIO_free(what); }
  void operator()(EVP_PKEY* what) const { EVP_PKEY_free(what); }
  void operator()(EVP_MD_CTX* what) const { EVP_MD_CTX_free(what); }
};

// Nobody is asked for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

} // namespace

std::string sha256(std::string_view text) {
  std::vector<unsigned char> out(EVP_MAX_MD_SIZE);
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), out.data(), &length, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 failed");
  return text_of(out, length);
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::vector<unsigned char> out(EVP_MAX_MD_SIZE);
  unsigned int length = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
            out.data(), &length))
    throw std::runtime_error("HMAC failed");
  return text_of(out, length);
}

std::string hex_of(std::string_view bytes) {
  return hex({bytes_of(bytes), bytes.size()});
}

std::string base64url(std::string_view bytes) {
  std::vector<unsigned char> out(4 * ((bytes.size() + 2) / 3) + 1);
  const int length = EVP_EncodeBlock(out.data(), bytes_of(bytes), static_cast<int>(bytes.size()));
  std::string text = text_of(out, static_cast<std::size_t>(length));
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(std::min(text.find('='), text.size()));
  return text;
}

// EVP_DecodeBlock counts the padding as zero bytes and takes blanks at the ends.
std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t content = std::min(text.find('='), text.size());
  const std::size_t padding = text.size() - content;
  if (text.size() % 4 != 0 || padding > 2 ||
      text.substr(0, content).find_first_not_of(alphabet) != std::string_view::npos ||
      text.substr(content).find_first_not_of('=') != std::string_view::npos)
    return std::nullopt;
  std::vector<unsigned char> out(text.size() / 4 * 3 + 1);
  const int length = EVP_DecodeBlock(out.data(), bytes_of(text), static_cast<int>(text.size()));
  if (length < 0)
    return std::nullopt;
  return text_of(out, static_cast<std::size_t>(length) - padding);
}

outcome<std::string> rs256(std::string_view private_key_pem, std::string_view text) {
  const std::unique_ptr<BIO, openssl_deleter> in{
      BIO_new_mem_buf(private_key_pem.data(), static_cast<int>(private_key_pem.size()))};
  const std::unique_ptr<EVP_PKEY, openssl_deleter> key{
      in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr) : nullptr};
  ERR_clear_error();
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    return failure{errc::bad_configuration, "the private key is no RSA key in PEM"};
  const std::unique_ptr<EVP_MD_CTX, openssl_deleter> context{EVP_MD_CTX_new()};
  std::size_t length = 0;
  std::vector<unsigned char> out;
  bool done =
      context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1;
  done = done && EVP_DigestSign(context.get(), nullptr, &length, bytes_of(text), text.size()) == 1;
  out.resize(length);
  done =
      done && EVP_DigestSign(context.get(), out.data(), &length, bytes_of(text), text.size()) == 1;
  ERR_clear_error();
  if (!done)
    return failure{errc::bad_configuration, "OpenSSL cannot sign with the private key"};
  return text_of(out, length);
}

} // namespace proxy::secrets
