// What is wrong now, what was, and who is told of it.
import { get, post } from "./api.js";
import { alertList, endedTable, showOpen } from "./alerts_table.js";
import { card, fill, h, notice, table } from "./dom.js";
import { count, words } from "./format.js";

async function test(name, refresh) {
  try {
    await post("/v1/alerts/test", { receiver: name });
    notice(`A test is on its way to ${name}.`);
    await refresh();
  } catch (error) {
    notice(error.message);
  }
}

function stateOf(row) {
  if (row.last_error) return [h("span", { class: "badge bad" }, "failing"), " ", h("span", { class: "small" }, row.last_error)];
  if (row.queued) return h("span", { class: "badge warn" }, "waiting");
  return h("span", { class: "badge good" }, row.delivered ? "delivered" : "ready");
}

// "from warning on · of team-a · from 22:00-07:00 UTC only what is critical"
function routeOf(row) {
  const parts = [row.severity_min === "info" ? "everything" : `from ${row.severity_min} on`];
  if (row.keys.length) parts.push(`of ${row.keys.join(", ")}`);
  if (row.quiet_hours) parts.push(`${row.quiet_hours} UTC: only from ${row.quiet_passes} on`);
  return parts.join(" · ");
}

// By grade, what is looked for in every key and in the account.
function rulesTable({ rules, settings }) {
  const named = (grade) => rules.filter((each) => each.severity === grade).map((each) => words(each.name)).join(", ");
  return h("div", { class: "stack" }, h("dl", { class: "facts" }, ["critical", "warning", "info"].map((grade) => [h("dt", {}, grade), h("dd", {}, named(grade) || "–")])),
    h("p", { class: "small muted" }, "Figures for all keys: ", settings.map((each) => `${words(each.name)} ${each.value}`).join(" · "),
      ". They stand under [insight] in the configuration; a key's own on its page."));
}

const receiverTable = (rows, refresh) => table("Receivers", [
  { title: "Name", cell: (row) => row.name },
  { title: "Kind", cell: (row) => row.kind },
  { title: "State", wrap: true, cell: stateOf },
  { title: "Is told of", wrap: true, cell: routeOf },
  { title: "Waiting", number: true, cell: (row) => count(row.queued) },
  { title: "Delivered", number: true, cell: (row) => count(row.delivered) },
  { title: "Failures", number: true, cell: (row) => count(row.failures) },
  { title: "", number: true, cell: (row) => h("button", { type: "button", class: "small-button", "aria-label": `Send a test to ${row.name}`,
    onclick: () => test(row.name, refresh) }, "Send a test") },
], rows, "Nobody is told: name receivers under [[alerts.receiver]] in the proxy's configuration.");

export async function alerts(main) {
  const [open, ended, told, rules] = Array.from({ length: 4 }, () => h("div"));
  async function refresh() {
    const [answer, receivers] = await Promise.all([get("/v1/alerts?limit=300"), get("/v1/alerts/receivers")]);
    const standing = answer.alerts.filter((each) => !each.resolved_at);
    showOpen(answer.open);
    fill(open, standing.length ? alertList(standing) : h("p", { class: "empty" }, "Nothing is wrong."));
    fill(told, receiverTable(receivers.data, refresh));
    fill(ended, endedTable(answer.alerts.filter((each) => each.resolved_at)));
  }
  fill(main, h("h1", {}, "Alerts"), card("Open", open), card("Who is told", told), card("What is looked for", rules), card("Ended, newest first", ended));
  await refresh();
  fill(rules, await get("/v1/alerts/rules").then(rulesTable, (error) => h("p", { class: "empty" }, error.message)));
  return refresh;
}
