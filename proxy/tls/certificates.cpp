// Looking, loading, keeping.
#include "proxy/tls/certificates.hpp"

#include <spdlog/spdlog.h>

namespace proxy::tls {
namespace {

std::int64_t seconds_of(std::chrono::system_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

} // namespace

certificates::certificates(server_files files, context first, stamps of)
    : files_(std::move(files)), now_(std::move(first)), loaded_(std::move(of)) {
  expires_s_ = seconds_of(expiry_of(*now_));
}

certificates::stamps certificates::stamps_of(const server_files& files) {
  stamps all;
  for (const std::string* path : {&files.cert, &files.key, &files.client_ca}) {
    std::error_code ignored; // what is not there has no stamp
    all.push_back({std::filesystem::last_write_time(*path, ignored),
                   std::filesystem::file_size(*path, ignored)});
  }
  return all;
}

outcome<std::unique_ptr<certificates>> certificates::load(server_files files) {
  stamps before = stamps_of(files); // before reading: what is written meanwhile is seen later
  auto made = make_server_context(files);
  if (!made)
    return made.error();
  return std::unique_ptr<certificates>{
      new certificates(std::move(files), std::move(*made), std::move(before))};
}

void certificates::look(bool anyway, const publish& tell) {
  stamps seen = stamps_of(files_);
  if (!anyway && (seen == loaded_ || seen == refused_))
    return;
  auto made = make_server_context(files_);
  if (!made) {
    ++failures_;
    refused_ = std::move(seen);
    spdlog::error("{}; the certificate loaded before stays in use", made.error().message);
    return;
  }
  now_ = std::move(*made);
  loaded_ = std::move(seen);
  refused_.clear();
  expires_s_ = seconds_of(expiry_of(*now_));
  spdlog::info("{}.tls_cert: loaded {} again", files_.section, files_.cert);
  tell(now_);
}

} // namespace proxy::tls
