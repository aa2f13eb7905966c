// What names a certificate, in which spelling, and which of them fit.
#include <string>
#include <vector>

#include "policies/access/client_certificate.hpp"
#include "tests/support/catch.hpp"

using namespace policies::access;

namespace {

const std::string digits = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

// As openssl prints it: 01:23:...
std::string with_colons(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out += (i == 0 ? "" : ":") + hex.substr(i, 2);
  return out;
}

std::string upper(std::string text) {
  for (char& c : text)
    c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
  return text;
}

} // namespace

TEST_CASE("client_certificate: a fingerprint has one form, however it was written") {
  for (const std::string& text :
       {digits, upper(digits), with_colons(digits), with_colons(upper(digits)), "sha256:" + digits,
        "sha256:" + with_colons(upper(digits))}) {
    INFO(text);
    CHECK(canonical_certificate(text) == digits);
  }
}

TEST_CASE("client_certificate: what is not 64 digits is no fingerprint") {
  for (const std::string& text :
       {std::string{}, digits.substr(1), digits + "0", "sha1:" + digits, "SHA256:" + digits,
        digits.substr(1) + "g", digits.substr(1) + " ", digits + " ", std::string(64, ':'),
        digits.substr(1) + "/", digits.substr(1) + "@", digits.substr(1) + "G",
        digits.substr(1) + "`"}) {
    INFO(text);
    CHECK_FALSE(canonical_certificate(text));
  }
}

TEST_CASE("client_certificate: a subject is kept as it was given") {
  for (const std::string text : {"CN=partner,O=Example", "CN=a", "O=Ex ample,CN=\xc3\xa9", "x="}) {
    INFO(text);
    CHECK(canonical_certificate(text) == text);
  }
  const std::string longest = "CN=" + std::string(509, 'x');
  CHECK(canonical_certificate(longest) == longest);
}

TEST_CASE("client_certificate: a subject has an attribute, is short and on one line") {
  for (const std::string& text :
       {std::string{"partner"}, std::string{"=partner"}, std::string{"CN=a\nb"},
        std::string{"CN=a\x7f"}, std::string{"CN=a\0", 5}, "CN=" + std::string(510, 'x')}) {
    INFO(text);
    CHECK_FALSE(canonical_certificate(text));
  }
}

TEST_CASE("client_certificate: a key that demands none takes any, and none") {
  const client_certificate shown{.fingerprint = digits, .subject = "CN=a"};
  CHECK(certificate_allowed({}, nullptr));
  CHECK(certificate_allowed({}, &shown));
}

TEST_CASE("client_certificate: one of those demanded must be shown, whole and by its own name") {
  const client_certificate shown{.fingerprint = digits, .subject = "CN=a,O=Example"};
  using list = std::vector<std::string>;
  CHECK(certificate_allowed(list{digits}, &shown));
  CHECK(certificate_allowed(list{"CN=a,O=Example"}, &shown));
  CHECK(certificate_allowed(list{"CN=b", digits}, &shown));
  for (const list& demanded :
       {list{"CN=a"}, list{"cn=a,o=example"}, list{"CN=a,O=Example "}, list{"O=Example,CN=a"},
        list{digits.substr(1)}, list{upper(digits)}, list{"CN=b", "CN=c"}, list{""}}) {
    INFO(demanded[0]);
    CHECK_FALSE(certificate_allowed(demanded, &shown));
    CHECK_FALSE(certificate_allowed(demanded, nullptr));
  }
}

TEST_CASE("client_certificate: one that shows nothing of itself fits nothing that is demanded") {
  const client_certificate empty{};
  CHECK_FALSE(certificate_allowed(std::vector<std::string>{digits}, &empty));
  CHECK_FALSE(certificate_allowed(std::vector<std::string>{"CN=a"}, &empty));
}
