// What is wrong now, what was, and who is told of it.
import { get, post } from "./api.js";
import { alertList, endedTable, showOpen } from "./alerts_table.js";
import { card, fill, h, notice, table } from "./dom.js";
import { count } from "./format.js";

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

const receiverTable = (rows, refresh) => table("Receivers", [
  { title: "Name", cell: (row) => row.name },
  { title: "Kind", cell: (row) => row.kind },
  { title: "State", wrap: true, cell: stateOf },
  { title: "Waiting", number: true, cell: (row) => count(row.queued) },
  { title: "Delivered", number: true, cell: (row) => count(row.delivered) },
  { title: "Failures", number: true, cell: (row) => count(row.failures) },
  { title: "", number: true, cell: (row) => h("button", { type: "button", class: "small-button", "aria-label": `Send a test to ${row.name}`,
    onclick: () => test(row.name, refresh) }, "Send a test") },
], rows, "Nobody is told: name receivers under [[alerts.receiver]] in the proxy's configuration.");

export async function alerts(main) {
  const [open, ended, told] = Array.from({ length: 3 }, () => h("div"));
  async function refresh() {
    const [answer, receivers] = await Promise.all([get("/v1/alerts?limit=300"), get("/v1/alerts/receivers")]);
    const standing = answer.alerts.filter((each) => !each.resolved_at);
    showOpen(answer.open);
    fill(open, standing.length ? alertList(standing) : h("p", { class: "empty" }, "Nothing is wrong."));
    fill(told, receiverTable(receivers.data, refresh));
    fill(ended, endedTable(answer.alerts.filter((each) => each.resolved_at)));
  }
  fill(main, h("h1", {}, "Alerts"), card("Open", open), card("Who is told", told), card("Ended, newest first", ended));
  await refresh();
  return refresh;
}
