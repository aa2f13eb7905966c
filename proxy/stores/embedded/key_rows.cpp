// A change and its audit row are one transaction.
#include "proxy/stores/embedded/key_rows.hpp"

#include "policies/keys/secret.hpp"
#include "proxy/stores/key_codec.hpp"

namespace proxy::stores {

using policies::keys::key_record;

outcome<std::vector<key_record>> key_rows::load() {
  std::vector<key_record> all;
  statement rows = on_->prepare("SELECT id, record FROM keys ORDER BY id");
  while (rows.row()) {
    auto record = decode(rows.text(1));
    if (!record)
      return failure{errc::database_corrupt,
                     "the record of " +
                         policies::keys::to_string(
                             policies::key_id{static_cast<std::uint64_t>(rows.number(0))}) +
                         " in the database cannot be read: restore it from a backup"};
    all.push_back(std::move(*record));
  }
  if (rows.failed())
    return failure{errc::database_corrupt, "the keys in the database cannot be read: " +
                                               on_->error() + ". Restore it from a backup"};
  return all;
}

failure key_rows::not_written() const {
  return {errc::store_unavailable, "the change could not be written to disk: " + on_->error()};
}

bool key_rows::write_audit(const audit_row& why) {
  statement put = on_->prepare(
      "INSERT INTO audit(time_ms, actor, action, subject, detail) VALUES(?1,?2,?3,?4,?5)");
  put.bind(1, why.time_ms).bind(2, why.actor).bind(3, why.action);
  return put.bind(4, why.subject).bind(5, why.detail).done();
}

outcome<void> key_rows::insert(const key_record& record, const audit_row& why) {
  transaction change{*on_};
  statement put = on_->prepare("INSERT INTO keys(id, version, record) VALUES(?1,?2,?3)");
  put.bind(1, static_cast<std::int64_t>(record.id.value));
  put.bind(2, static_cast<std::int64_t>(record.version)).bind(3, encode(record));
  if (!change.begun() || !put.done() || !write_audit(why) || !change.commit())
    return not_written();
  return {};
}

outcome<void> key_rows::update(const key_record& record, const audit_row& why) {
  transaction change{*on_};
  statement put =
      on_->prepare("UPDATE keys SET version=?2, record=?3 WHERE id=?1 AND version=?2-1");
  put.bind(1, static_cast<std::int64_t>(record.id.value));
  put.bind(2, static_cast<std::int64_t>(record.version)).bind(3, encode(record));
  if (!change.begun() || !put.done())
    return not_written();
  statement changed = on_->prepare("SELECT changes()");
  if (!changed.row() || changed.number(0) != 1)
    return failure{errc::conflict, "the key was changed by somebody else meanwhile: read it again"};
  changed.reset();
  if (!write_audit(why) || !change.commit())
    return not_written();
  return {};
}

outcome<void> key_rows::replace_document(const document_change& what, const audit_row& why) {
  transaction change{*on_};
  statement now = on_->prepare("SELECT text FROM documents WHERE name = ?1");
  now.bind(1, what.name);
  const bool found = change.begun() && now.row();
  if (!change.begun() || now.failed())
    return not_written();
  if (found ? now.text(0) != what.before : !what.before.empty())
    return failure{errc::conflict, "somebody else changed this meanwhile: try again"};
  now.reset();
  statement put = on_->prepare("INSERT OR REPLACE INTO documents(name, text) VALUES(?1, ?2)");
  if (!put.bind(1, what.name).bind(2, what.after).done() || !write_audit(why) || !change.commit())
    return not_written();
  return {};
}

} // namespace proxy::stores
