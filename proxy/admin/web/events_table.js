// Events of a key or of all keys as rows.
import { h, table } from "./dom.js";
import { ago, count, time, words } from "./format.js";
import { keyLink } from "./key_parts.js";

const severity = {
  unauthorized_access: "bad", suspicious_pattern: "bad", permission_denied: "warn", rate_limit_exceeded: "warn",
  quota_exhausted: "warn", malformed_request: "warn", admin_action: "info",
  rotation: "info", anomaly: "warn",
};

function detailOf(row) {
  if (row.type === "admin_action") return `${words(row.code.replace(".", " "))} by ${row.actor}`;
  return ["suspicious_pattern", "rotation", "anomaly"].includes(row.type) ? row.detail : words(row.code);
}

export function eventsTable(events, empty, { withKey = true } = {}) {
  const columns = [
    { title: "When", cell: (row) => h("span", { class: "no-wrap", title: time(row.last) }, ago(row.last)) },
    { title: "What", cell: (row) => h("span", { class: `badge ${severity[row.type] ?? ""}` }, words(row.type)) },
    { title: "Details", wrap: true, cell: (row) => detailOf(row) },
    { title: "Times", number: true, cell: (row) => count(row.count) },
  ];
  if (withKey) columns.splice(2, 0, { title: "Key", cell: (row) => keyLink(row.key_id, row.key_name ?? row.key_id) });
  return table("Events", columns, events, empty);
}
