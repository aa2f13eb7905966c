// Alerts that stand, as a card; nothing where there are none.
import { card, h, table } from "./dom.js";
import { ago, time, words } from "./format.js";
import { keyLink } from "./key_parts.js";

const badges = { critical: "bad", warning: "warn", info: "info" };

export function alertsCard(alerts) {
  if (alerts.length === 0) return [];
  return card(`Open alerts (${alerts.length})`, table("Open alerts", [
    { title: "Since", cell: (row) => h("span", { title: time(row.fired_at) }, ago(row.fired_at)) },
    { title: "What", cell: (row) => h("span", { class: `badge ${badges[row.severity]}` }, words(row.rule)) },
    { title: "Key", cell: (row) => row.key_id ? keyLink(row.key_id, row.key_name ?? row.key_id) : "the account" },
    { title: "Why", wrap: true, cell: (row) => row.message },
  ], alerts, "Nothing stands."));
}
