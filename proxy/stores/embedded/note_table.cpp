// SQL of the notes.
#include "proxy/stores/embedded/note_table.hpp"

namespace proxy::stores {

outcome<std::unique_ptr<note_table>> note_table::open(const std::filesystem::path& file) {
  auto on = database::open(file, "FULL");
  if (!on)
    return on.error();
  if ((*on)->run("CREATE TABLE IF NOT EXISTS notes(kind TEXT, name TEXT, text TEXT NOT NULL, "
                 "PRIMARY KEY(kind, name)) WITHOUT ROWID"))
    return std::unique_ptr<note_table>{new note_table(std::move(*on))};
  return damaged_database(file, (*on)->error());
}

failure note_table::failed(const std::string& doing) const {
  return {errc::store_unavailable, "notes cannot be " + doing + ": " + on_->error()};
}

outcome<store::note_map> note_table::load(const std::string& kind) {
  const std::lock_guard guard(lock_);
  store::note_map found;
  statement rows = on_->prepare("SELECT name, text FROM notes WHERE kind = ?1");
  rows.bind(1, kind);
  while (rows.row())
    found.emplace(rows.text(0), rows.text(1));
  if (rows.failed())
    return failed("read");
  return found;
}

outcome<bool> note_table::write(const note& what, note_change how) {
  const std::lock_guard guard(lock_);
  transaction all{*on_};
  if (!all.begun())
    return failed("written");
  if (how == note_change::put_if_absent) {
    statement look = on_->prepare("SELECT 1 FROM notes WHERE kind = ?1 AND name = ?2");
    if (look.bind(1, what.kind).bind(2, what.name).row())
      return false;
    if (look.failed())
      return failed("read");
  }
  statement change =
      on_->prepare(how == note_change::remove ? "DELETE FROM notes WHERE kind = ?1 AND name = ?2"
                                              : "INSERT OR REPLACE INTO notes VALUES(?1, ?2, ?3)");
  change.bind(1, what.kind).bind(2, what.name);
  if (how != note_change::remove)
    change.bind(3, what.text);
  if (!change.done() || !all.commit())
    return failed("written");
  return true;
}

} // namespace proxy::stores
