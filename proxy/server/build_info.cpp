// Versions, asked of each library.
#include "proxy/server/build_info.hpp"

#include <boost/version.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <spdlog/version.h>
#include <sqlite3.h>

#include <hiredis/hiredis.h>

namespace proxy::server {

std::string_view build_version() {
  return DEEPSEEK_VERSION;
}
std::string_view build_commit() {
  return DEEPSEEK_COMMIT;
}
std::string openssl_version() {
  return ::OpenSSL_version(OPENSSL_VERSION_STRING);
}

std::string build_info() {
  return fmt::format("deepseek-proxy {}\ncommit {}\ncompiler {} {}\nopenssl {}\nsqlite {}\n"
                     "hiredis {}.{}.{}\nboost {}.{}.{}\nfmt {}\nspdlog {}.{}.{}\n",
                     build_version(), build_commit(),
#ifdef __clang__
                     "clang",
#else
                     "gcc",
#endif
                     __VERSION__, openssl_version(), ::sqlite3_libversion(), HIREDIS_MAJOR,
                     HIREDIS_MINOR, HIREDIS_PATCH, BOOST_VERSION / 100000,
                     BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100, FMT_VERSION, SPDLOG_VER_MAJOR,
                     SPDLOG_VER_MINOR, SPDLOG_VER_PATCH);
}

} // namespace proxy::server
