// One key: what it does, what it costs, what it may, and what happened to it.
import { get, post, remove } from "./api.js";
import { alertsCard } from "./alerts_table.js";
import { answersOf } from "./answers.js";
import { chart } from "./charts.js";
import { card, confirmed, dialog, fill, h, notice, select, table } from "./dom.js";
import { eventsTable } from "./events_table.js";
import { ago, count, day, milliseconds, percent, sentence, short, time, usd } from "./format.js";
import { aliasText, editKey, showSecret } from "./key_form.js";
import { gauges, statusBadge } from "./key_parts.js";
import { showRules } from "./key_rules.js";
import { weekGrid } from "./week_grid.js";

const ranges = { "24h": ["hourly", 23 * 3600e3, (date) => date.slice(11, 16)], "7d": ["hourly", 7 * 86_400e3, (date) => `${day(date)} ${date.slice(11, 16)}`],
  "30d": ["daily", 29 * 86_400e3, day], "365d": ["monthly", 364 * 86_400e3, (date) => date] };
const rangeNames = [["24h", "Last 24 hours"], ["7d", "Last 7 days"], ["30d", "Last 30 days"], ["365d", "Last 12 months"]];

const charted = [
  ["Requests", "requests", short, "--chart-1", "bar", "No request in this time."], ["Tokens", "tokens", short, "--chart-2", "bar", "No tokens in this time."],
  ["Cost", "cost", usd, "--chart-4", "bar", "Nothing was spent in this time."], ["Error rate", "error_rate", percent, "--chart-3", "line", "No errors in this time."],
];

function facts(key) {
  const list = (values, none) => (values.length ? values.join(", ") : none);
  const rows = [["Id", h("code", {}, key.id)], ["Type", key.type], ["Environment", key.environment || "–"],
    ["Permissions", list(key.permissions, "none")], ["Models", list(key.models, "all")], ["IP addresses", list(key.allowed_ips, "any")],
    ["Referrers", list(key.allowed_referrers, "any")], ["Certificates", list(key.client_certificates, "any, or none")], ["Expires", time(key.expires_at)], ["Created", time(key.created_at)],
    ["Last used", ago(key.last_used_at)]];
  if (key.is_group) rows.push(["Group", "its limits are shared by the keys under it"]);
  if (key.parent) rows.push(["Under", h("a", { href: `#/keys/${key.parent}` }, key.parent)]);
  if (key.may_delegate) rows.push(["Delegates", "may issue narrower keys of its own"]);
  if (Object.keys(key.model_aliases).length) rows.push(["Aliases", aliasText(key.model_aliases)]);
  if (key.max_wait_ms) rows.push(["Waits", `up to ${milliseconds(key.max_wait_ms)} instead of a 429`]);
  if (key.cache_ttl_s) rows.push(["Cache", `equal requests get the same answer for ${count(key.cache_ttl_s)} s`]);
  if (key.rotation_due_at) rows.push(["Rotation due", time(key.rotation_due_at)]);
  return h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

const secrets = (key) => table("Secrets", [
  { title: "Secret", cell: (row) => h("code", {}, row.masked_key) },
  { title: "Issued", cell: (row) => time(row.created_at) },
  { title: "Works until", cell: (row) => (row.valid_until ? time(row.valid_until) : "it is replaced") },
  { title: "Last used", cell: (row) => ago(row.last_used_at) },
], key.secrets, "This key has no secret: it groups others.");

const span = (ms) => (ms === null ? "–" : milliseconds(ms));

const times = (latency) => table("Latency", [
  { title: "Latency", cell: (row) => row[0] },
  { title: "p50", number: true, cell: (row) => span(row[1].p50) },
  { title: "p90", number: true, cell: (row) => span(row[1].p90) },
  { title: "p99", number: true, cell: (row) => span(row[1].p99) },
], [["First byte", latency.first_byte_ms], ["Whole answer", latency.total_ms],
  ["In this proxy", Object.fromEntries(Object.entries(latency.overhead_us).map(([name, us]) => [name, us === null ? null : us / 1000]))]],
"No request has ended in 30 days.");

const features = (rows) => table("Features", [
  { title: "Feature", cell: (row) => row.feature.replaceAll("_", " ") },
  { title: "Requests", number: true, cell: (row) => count(row.requests) },
  { title: "Errors", number: true, cell: (row) => percent(row.error_rate) },
  { title: "Tokens", number: true, cell: (row) => short(row.tokens) },
  { title: "Cost", number: true, cell: (row) => usd(row.cost) },
], rows, "No feature was used in 30 days.");

const models = (rows) => table("Models", [
  { title: "Model", cell: (row) => row.model },
  { title: "Requests", number: true, cell: (row) => count(row.requests) },
  { title: "Tokens", number: true, cell: (row) => short(row.tokens) },
  { title: "Cached", number: true, cell: (row) => percent(row.cached_share) },
  { title: "p50", number: true, cell: (row) => span(row.latency.total_ms.p50) },
  { title: "p99", number: true, cell: (row) => span(row.latency.total_ms.p99) },
  { title: "Cost", number: true, cell: (row) => usd(row.cost) },
], rows, "No request has reached a model in 30 days.");

const marks = { critical: "bad", warning: "warn", hint: "info" };

function healthList({ checks }) {
  const rows = checks.filter((each) => each.status !== "good");
  if (rows.length === 0) return h("p", { class: "muted" }, `All ${checks.length} checks are good.`);
  return h("ul", { class: "advice" }, rows.map((row) => h("li", {}, h("span", { class: `badge ${marks[row.status]}` }, row.status),
    h("span", {}, `${sentence(row.message)} `, h("b", {}, row.advice && sentence(row.advice))))));
}

function rotate(key, then) {
  const days = h("input", { type: "number", min: "0", max: "365", value: "7", id: "grace" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const box = dialog(`Rotate ${key.name}`, h("form", { onsubmit: async (event) => {
    event.preventDefault();
    try {
      const made = await post(`/v1/keys/${key.id}/rotate`, { grace_days: Number(days.value) });
      box.close();
      showSecret("The new secret", made);
      then();
    } catch (error) {
      wrong.textContent = error.message;
    }
  } },
  h("p", {}, "A new secret for the same key: its limits, history and id stay."),
  h("div", { class: "field" }, h("label", { for: "grace" }, "Days for which the old secret works as well"), days), wrong,
  h("div", { class: "dialog-end" }, h("button", { type: "button", onclick: () => box.close() }, "Cancel"),
    h("button", { class: "main", type: "submit" }, "Rotate"))));
}

function actions(key, refresh) {
  const act = async (call, done) => {
    try {
      await call();
      notice(done);
      await refresh();
    } catch (error) {
      notice(error.message);
    }
  };
  const off = async () => await confirmed(`Deactivate ${key.name}?`, "Its next request is refused, also on open connections. It can be activated again.", "Deactivate") &&
    act(() => post(`/v1/keys/${key.id}/deactivate`), "Deactivated.");
  const gone = async () => await confirmed(`Delete ${key.name}?`, "It never works again; its figures stay in the ledger.", "Delete") &&
    act(async () => { await remove(`/v1/keys/${key.id}`); location.hash = "#/keys"; }, "Deleted.");
  if (key.status === "deleted") return [];
  return [
    h("button", { type: "button", onclick: () => editKey(key, refresh) }, "Edit"),
    key.is_group ? null : h("button", { type: "button", onclick: () => rotate(key, refresh) }, "Rotate"),
    key.status === "active" ? h("button", { type: "button", onclick: off }, "Deactivate")
      : h("button", { type: "button", onclick: () => act(() => post(`/v1/keys/${key.id}/activate`), "Activated.") }, "Activate"),
    h("button", { type: "button", class: "danger", onclick: gone }, "Delete"),
  ];
}

export async function key(main, id) {
  let range = "30d";
  const at = `/v1/keys/${id}`;
  const head = h("div", { class: "head" });
  const [standing, limits, health, about, keys, cost, week, happened, speed, feature, answer, rules] = Array.from({ length: 12 }, () => h("div"));
  const charts = charted.map(([title, , format, colour, kind, none]) => chart({ title, kind, format, none, series: [{ label: title, colour }] }));

  async function drawSeries() {
    const [granularity, span, label] = ranges[range];
    const { series } = await get(`${at}/usage/series?granularity=${granularity}&start=${new Date(Date.now() - span).toISOString()}`);
    charted.forEach(([, name, format], i) => {
      const values = series.map((each) => each[name]);
      charts[i].show(series.map((each) => label(each.date)), [values], `at most ${format(Math.max(...values))}`);
    });
  }
  async function drawNow() {
    const [record, live, { alerts }] = await Promise.all([get(at), get(`${at}/limits`), get("/v1/alerts?state=open&limit=1000")]);
    const mine = alerts.filter((each) => each.key_id === id);
    fill(standing, alertsCard(mine, mine.length, { withKey: false }));
    fill(head, h("div", {}, h("h1", {}, record.name, " ", statusBadge(record)), record.description && h("p", { class: "muted" }, record.description)),
      h("div", { class: "actions" }, actions(record, () => refresh(true))));
    fill(limits, gauges(live));
    fill(about, facts(record));
    fill(keys, secrets(record));
  }
  async function drawDays() {
    const [record, checks, used, patterns, list] = await Promise.all([get(at), get(`${at}/health`), get(`${at}/usage?period=30d`),
      get(`${at}/usage/patterns?period=30d`), get(`${at}/events?since=30d&limit=12`), drawSeries()]);
    await showRules(rules, record, () => refresh(true));
    fill(health, healthList(checks));
    fill(cost, models(used.by_model));
    fill(speed, times(used.latency));
    fill(feature, features(used.by_feature));
    fill(answer, answersOf(used));
    fill(week, weekGrid(patterns));
    fill(happened, eventsTable(list.events, "Nothing happened to this key in 30 days.", { withKey: false }));
  }
  const refresh = (whole) => Promise.all([drawNow(), whole && drawDays()]);

  fill(main, h("p", { class: "small" }, h("a", { href: "#/keys" }, "← Keys")), head, standing, card("Limits now", limits), card("Health and advice", health),
    h("div", { class: "head" }, h("h2", {}, "Usage (UTC)"), h("div", { class: "actions" },
      select("Range", rangeNames, range, (value) => { range = value; drawSeries(); }))),
    h("div", { class: "grid" }, charted.map(([title], i) => card(title, charts[i].element))),
    h("div", { class: "grid" }, card("Models, 30 days", cost), card("Busy hours, 30 days (UTC)", week)),
    h("div", { class: "trio" }, card("Latency, 30 days", speed), card("Features, 30 days", feature), card("Answers, 30 days", answer)),
    h("div", { class: "grid" }, card("What it may", about), h("div", { class: "stack" }, card("Secrets", keys), card("Unusual for it is", rules))), card("Events, 30 days", { aside: h("a", { href: "#/events" }, "All events") }, happened));
  await refresh(true);
  return refresh;
}
