// Alerts as a list: how grave, what, whose, and why, in the proxy's words.
import { card, h, table } from "./dom.js";
import { ago, sentence, time, words } from "./format.js";
import { keyLink } from "./key_parts.js";

const grave = ["critical", "warning", "info"];
const badges = { critical: "bad", warning: "warn", info: "info" };

const whose = (row) => (row.key_id ? keyLink(row.key_id, row.key_name ?? row.key_id) : "the account");
const at = (instant) => h("time", { class: "no-wrap", datetime: instant, title: time(instant) }, ago(instant));

export function alertList(alerts, { withKey = true, most = alerts.length } = {}) {
  const gravest = alerts.toSorted((a, b) => grave.indexOf(a.severity) - grave.indexOf(b.severity)).slice(0, most);
  return h("ul", { class: "alerts" }, gravest.map((row) => h("li", { class: badges[row.severity] },
    h("span", { class: `badge ${badges[row.severity]}` }, row.severity),
    h("div", {}, h("div", {}, h("b", {}, words(row.rule)), withKey && [" · ", whose(row)], h("span", { class: "muted small" }, " · ", at(row.fired_at))),
      h("div", { class: "small" }, sentence(row.message))))));
}

// Those that stand; nothing where there are none.
export function alertsCard(alerts, open = alerts.length, form = {}) {
  if (alerts.length === 0) return [];
  return card(`Open alerts (${open})`, { aside: h("a", { href: "#/alerts" }, "All alerts") }, alertList(alerts, form));
}

export const endedTable = (alerts) => table("Alerts that ended", [
  { title: "Ended", cell: (row) => at(row.resolved_at) },
  { title: "What", cell: (row) => h("span", { class: "badge" }, words(row.rule)) },
  { title: "Key", cell: whose },
  { title: "Why", wrap: true, cell: (row) => row.message },
  { title: "How it ended", wrap: true, cell: (row) => row.resolution },
], alerts, "None has ended yet.");

// How many stand, in the bar.
export function showOpen(count) {
  const mark = document.getElementById("open-alerts");
  mark.hidden = count === 0;
  mark.textContent = count;
  mark.title = `${count} open`;
}
