// Keys as rows, and each change with the reason for it. One caller at a time.
#pragma once

#include <vector>

#include "proxy/stores/embedded/database.hpp"
#include "proxy/stores/key_store.hpp"

namespace proxy::stores {

class key_rows {
 public:
  explicit key_rows(std::unique_ptr<database> on) : on_(std::move(on)) {}

  // Deleted ones too; a failure names a row that cannot be read.
  outcome<std::vector<policies::keys::key_record>> load();
  outcome<void> insert(const policies::keys::key_record& record, const audit_row& why);
  outcome<void> update(const policies::keys::key_record& record, const audit_row& why);
  outcome<void> replace_document(const document_change& what, const audit_row& why);

 private:
  bool write_audit(const audit_row& why);
  failure not_written() const;
  std::unique_ptr<database> on_;
};

} // namespace proxy::stores
