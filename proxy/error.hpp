// Failures (not refusals): one category whose codes know who is at fault and whether asking again
// is safe. A refusal is a value and lives in policies/admission.
#pragma once

#include <string>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace proxy {

enum class errc {
  // ours: the message says what the operator can do
  bad_configuration = 1,   // a setting is unknown or impossible
  data_directory_locked,   // another process owns it
  data_directory_unusable, // cannot be read or written
  database_corrupt,        // SQLite refuses the file
  journal_full,            // no disk space for the next segment
  journal_corrupt,         // a segment's header is not ours
  address_in_use,          // cannot listen
  out_of_descriptors,
  // the store
  store_unavailable, // outcome unknown or not reachable: ask again with the same id
  conflict,          // the record's version is not the one that was asked for
  not_found,
  already_exists,
  // the upstream
  upstream_unreachable, // nothing was written: safe to retry
  upstream_closed,      // closed before a byte of the answer; what ran is unknown
  upstream_timeout,
  upstream_malformed, // not HTTP as we accept it
  // the client
  client_gone,
  client_timeout,
};

enum class fault { client, upstream, store, us };
fault fault_of(errc code);
bool safe_to_retry(errc code);

const boost::system::error_category& category();
inline boost::system::error_code make_error_code(errc code) {
  return {static_cast<int>(code), category()};
}

// A failure with the words that tell the operator what to do: paths and numbers, never a secret.
struct failure {
  errc code{};
  std::string message;
};

// Either a T or a failure.
template <class T>
using outcome = boost::system::result<T, failure>;
[[noreturn]] inline void throw_exception_from_error(const failure& why,
                                                    const boost::source_location&) {
  throw boost::system::system_error(make_error_code(why.code), why.message);
}

} // namespace proxy

template <>
struct boost::system::is_error_code_enum<proxy::errc> : std::true_type {};
