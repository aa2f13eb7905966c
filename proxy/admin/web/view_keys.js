// All keys: found, sorted by what they spent, and new ones issued.
import { allKeys, get } from "./api.js";
import { card, fill, h, select, table } from "./dom.js";
import { ago, count, percent, usd } from "./format.js";
import { issueKey } from "./key_form.js";
import { keyLink, limitsInShort, statusBadge } from "./key_parts.js";

const shownMost = 200;

function rowsOf(keys, usage) {
  const used = new Map(usage.map((each) => [each.key_id, each]));
  return keys.map((key) => ({ ...key, used: used.get(key.id) ?? { requests: 0, cost: 0, error_rate: 0 } }))
    .sort((a, b) => b.used.cost - a.used.cost || b.used.requests - a.used.requests || (a.created_at < b.created_at ? 1 : -1));
}

const columns = [
  { title: "Name", cell: (key) => [h("div", {}, keyLink(key.id, key.name)), h("div", { class: "small muted mono" }, key.masked_key ?? "no secret")] },
  { title: "Status", cell: (key) => statusBadge(key) },
  { title: "Cost, 30 d", number: true, cell: (key) => usd(key.used.cost) },
  { title: "Requests, 30 d", number: true, cell: (key) => count(key.used.requests) },
  { title: "Errors", number: true, cell: (key) => percent(key.used.error_rate) },
  { title: "Last used", cell: (key) => h("span", { class: "no-wrap" }, ago(key.last_used_at)) },
  { title: "Limits", cell: (key) => h("span", { class: "small no-wrap" }, limitsInShort(key.rate_limits)) },
  { title: "Type", cell: (key) => key.type },
];

export async function keys(main) {
  let rows = [];
  let status = "";
  let text = "";
  const list = h("div");
  const total = h("span", { class: "muted small", role: "status" });
  function draw() {
    const found = rows.filter((key) => (!status || key.status === status) &&
      `${key.name} ${key.description} ${key.id} ${key.masked_key} ${key.environment}`.toLowerCase().includes(text));
    total.textContent = found.length > shownMost ? `the first ${shownMost} of ${count(found.length)}` : `${count(found.length)} of ${count(rows.length)}`;
    fill(list, table("Keys", columns, found.slice(0, shownMost),
      rows.length ? "No key fits that." : "No key yet: create one, and point an SDK at this proxy."));
  }
  async function refresh() {
    const [all, usage] = await Promise.all([allKeys(), get("/v1/usage/keys?period=30d&limit=1000")]);
    rows = rowsOf(all, usage.keys);
    draw();
  }
  fill(main,
    h("div", { class: "head" }, h("h1", {}, "Keys"),
      h("button", { class: "main", type: "button", onclick: () => issueKey(refresh) }, "Create key")),
    card("Sub-keys", { aside: total },
      h("div", { class: "toolbar" },
        h("input", { type: "search", placeholder: "Name, id, environment", "aria-label": "Find keys",
          oninput: (event) => { text = event.target.value.trim().toLowerCase(); draw(); } }),
        select("Status", [["", "Any status"], ["active", "Active"], ["inactive", "Inactive"]], status,
          (value) => { status = value; draw(); })),
      list));
  await refresh();
}
