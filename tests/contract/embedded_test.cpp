// The embedded store through the contract.
#include <filesystem>

#include <spdlog/spdlog.h>
#include <stdlib.h>

#include "proxy/stores/embedded/embedded_store.hpp"
#include "tests/contract/limit_store_contract.hpp"

namespace {

using proxy::stores::embedded_store;

class embedded_world final : public contract::world {
 public:
  embedded_world(const std::filesystem::path& directory, policies::instant now) {
    proxy::stores::embedded_settings settings;
    settings.directory = directory;
    settings.journal.segment_bytes = 64 << 10;
    settings.journal.sync_every = std::chrono::milliseconds{1};
    settings.journal.apply_every = std::chrono::milliseconds{1};
    auto opened = embedded_store::open(settings, directory_, now);
    if (!opened)
      FAIL(opened.error().message);
    store_ = std::move(*opened);
    store_->start();
  }
  proxy::keys::key_directory& directory() override { return directory_; }
  proxy::stores::key_store& keys() override { return *store_; }
  proxy::stores::limit_store& limits() override { return *store_; }
  proxy::journal::keeper& journal() override { return store_->journal(); }
  const proxy::journal::recovery_report& recovered() const override { return store_->recovered(); }
  void finish(proxy::stores::reserve_op&) override { FAIL("the embedded store answers at once"); }

 private:
  proxy::keys::key_directory directory_;
  std::unique_ptr<embedded_store> store_;
};

class data_directory final : public contract::ground {
 public:
  data_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "contract-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~data_directory() override { std::filesystem::remove_all(path_); }
  std::unique_ptr<contract::world> open(policies::instant now) override {
    return std::make_unique<embedded_world>(path_, now);
  }

 private:
  std::filesystem::path path_;
};

} // namespace

TEST_CASE("embedded store: it keeps the contract of all stores") {
  spdlog::set_level(spdlog::level::off);
  contract::check_store([] { return std::make_unique<data_directory>(); });
  spdlog::set_level(spdlog::level::info);
}
