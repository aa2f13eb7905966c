// The category behind errc: each code in words, whose fault it is, and whether a retry is safe.
#include "proxy/error.hpp"

namespace proxy {
namespace {

class deepseek_category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "deepseek-proxy"; }
  std::string message(int value) const override { return text(static_cast<errc>(value)); }

 private:
  static const char* text(errc code) {
    switch (code) {
    case errc::bad_configuration:
      return "configuration is not valid";
    case errc::data_directory_locked:
      return "data directory is in use by another process";
    case errc::data_directory_unusable:
      return "data directory cannot be used";
    case errc::database_corrupt:
      return "database is damaged";
    case errc::journal_full:
      return "no disk space for the journal";
    case errc::journal_corrupt:
      return "journal segment is damaged";
    case errc::address_in_use:
      return "address is in use";
    case errc::out_of_descriptors:
      return "file descriptors are exhausted";
    case errc::store_unavailable:
      return "limit store is unavailable";
    case errc::conflict:
      return "the record was changed by somebody else";
    case errc::not_found:
      return "not found";
    case errc::already_exists:
      return "already exists";
    case errc::upstream_unreachable:
      return "upstream cannot be reached";
    case errc::upstream_closed:
      return "upstream closed the connection";
    case errc::upstream_timeout:
      return "upstream did not answer in time";
    case errc::upstream_malformed:
      return "upstream's answer is not valid HTTP";
    case errc::client_gone:
      return "client closed the connection";
    case errc::client_timeout:
      return "client did not send in time";
    }
    return "unknown error";
  }
};

} // namespace

const boost::system::error_category& category() {
  static const deepseek_category instance;
  return instance;
}

fault fault_of(errc code) {
  switch (code) {
  case errc::client_gone:
  case errc::client_timeout:
    return fault::client;
  case errc::upstream_unreachable:
  case errc::upstream_closed:
  case errc::upstream_timeout:
  case errc::upstream_malformed:
    return fault::upstream;
  case errc::store_unavailable:
  case errc::conflict:
  case errc::not_found:
  case errc::already_exists:
    return fault::store;
  default:
    return fault::us;
  }
}

bool safe_to_retry(errc code) {
  return code == errc::upstream_unreachable || code == errc::store_unavailable;
}

} // namespace proxy
