// All keys at one look: what happens now, what it costs, and where.
import { get } from "./api.js";
import { chart } from "./charts.js";
import { card, fill, h, select, table } from "./dom.js";
import { alertsCard, showOpen } from "./alerts_table.js";
import { answersOf } from "./answers.js";
import { eventsTable } from "./events_table.js";
import { count, day, milliseconds, percent, rate, short, usd, words } from "./format.js";
import { issueKey } from "./key_form.js";
import { keyLink } from "./key_parts.js";

const periods = [["24h", "Last 24 hours"], ["7d", "Last 7 days"], ["30d", "Last 30 days"], ["month", "This month"]];
let period = "24h";

const tile = (name, value, note) => h("div", { class: "card tile" }, h("dt", {}, name),
  h("dd", {}, value, note && h("div", { class: "note" }, note)));

// Of the minute that ended now: the current one, and of the one before it the part that is younger.
function perSecond(minutes, now = Date.now()) {
  const [before, current] = minutes.slice(-2);
  return (before.requests * (1 - (now % 60_000) / 60_000) + current.requests) / 60;
}

// What the month comes to if it goes on like this; of its first day, nothing is said.
function forecast(spent, now = new Date()) {
  const first = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
  const past = (now - first) / (Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1) - first);
  return now - first < 86_400_000 ? "" : `${usd(spent / past)} at this pace`;
}

function monthTile(month) {
  const limit = month.monthly_limit;
  return tile("Spent this month", usd(month.cost), limit === null ? forecast(month.cost)
    : [`of ${usd(limit)} that keys may spend`, bar(month.cost, limit)]);
}

const time = (ms) => (ms === null ? "–" : milliseconds(ms));

function byModel(models) {
  const most = Math.max(...models.map((each) => each.cost), 0);
  return table("Cost by model", [
    { title: "Model", cell: (row) => [row.model, bar(row.cost, most)] },
    { title: "Requests", number: true, cell: (row) => count(row.requests) },
    { title: "Tokens", number: true, cell: (row) => short(row.tokens) },
    { title: "Cost", number: true, cell: (row) => usd(row.cost) },
  ], models.toSorted((a, b) => b.cost - a.cost), "No request has reached a model yet.");
}

function bar(part, most) {
  const line = h("span", { class: "share" });
  line.style.width = `${most ? (100 * part) / most : 0}%`;
  return line;
}

function byKey(keys) {
  const most = Math.max(...keys.map((each) => each.cost), 0);
  return table("Keys by cost", [
    { title: "Key", cell: (row) => [keyLink(row.key_id, row.name), bar(row.cost, most)] },
    { title: "Requests", number: true, cell: (row) => count(row.requests) },
    { title: "Errors", number: true, cell: (row) => percent(row.error_rate) },
    { title: "Cost", number: true, cell: (row) => usd(row.cost) },
  ], keys, "No key was used in this time.");
}

const byFeature = (features) => table("Features by cost", [
  { title: "Feature", cell: (row) => words(row.feature) },
  { title: "Requests", number: true, cell: (row) => count(row.requests) },
  { title: "Errors", number: true, cell: (row) => percent(row.error_rate) },
  { title: "Cost", number: true, cell: (row) => usd(row.cost) },
], features.toSorted((a, b) => b.cost - a.cost), "No feature was used in this time.");

// Where there is no key yet, figures and charts would all be empty.
const welcome = (then) => card("Begin here", h("div", { class: "stack" },
  h("p", {}, "This proxy has no key yet. A key is what a program sends instead of the DeepSeek key; it has limits, a budget and figures of its own."),
  h("p", {}, h("button", { class: "main", type: "button", onclick: () => issueKey(then) }, "Create the first key")),
  h("p", { class: "small muted" }, "Its requests, what they cost and what was refused stand here from then on.")));

export async function overview(main) {
  const tiles = h("dl", { class: "tiles" });
  const models = h("div");
  const keys = h("div");
  const [features, answers, recent] = Array.from({ length: 3 }, () => h("div"));
  const [standing, begin] = Array.from({ length: 2 }, () => h("div"));
  const now = chart({ title: "Requests a minute", kind: "bar", low: true, format: short, none: "No request in the last hour.",
    series: [{ label: "Requests", colour: "--chart-1" }] });
  const cost = chart({ title: "Cost by day", kind: "bar", format: usd, series: [{ label: "Cost", colour: "--chart-4" }] });
  const traffic = chart({ title: "Requests by day", kind: "bar", format: short,
    series: [{ label: "Requests", colour: "--chart-2" }] });

  async function drawNow() {
    const [usage, month, minutes] = await Promise.all([
      get(`/v1/usage?period=${period}`), get("/v1/usage?period=month"), get("/v1/usage/minutes?minutes=60")]);
    const lastMinutes = minutes.minutes;
    fill(tiles,
      tile("Requests", short(usage.requests), `${rate(perSecond(lastMinutes))} a second now`),
      tile("Cost", usd(usage.cost), usage.held_nano_usd ? `${usd(usage.held_nano_usd / 1e9)} held now` : "nothing held now"),
      monthTile(month),
      tile("Tokens", short(usage.tokens), `${percent(usage.cached_share)} of prompts cached`),
      tile("Errors", percent(usage.error_rate), [`${count(usage.refused)} refused`, usage.interrupted > 0 && `, ${count(usage.interrupted)} interrupted`]),
      tile("Median latency", time(usage.latency.total_ms.p50), `p99 ${time(usage.latency.total_ms.p99)} · first byte ${time(usage.latency.first_byte_ms.p50)}`));
    now.show(lastMinutes.map((m) => m.time.slice(11, 16)), [lastMinutes.map((m) => m.requests)],
      `${count(lastMinutes.reduce((sum, m) => sum + m.requests, 0))} in the last hour`);
    fill(models, byModel(usage.by_model));
    fill(features, byFeature(usage.by_feature));
    fill(answers, answersOf(usage));
  }
  async function drawDays() {
    const [series, top, list, any] = await Promise.all([get("/v1/usage/series?granularity=daily"),
      get(`/v1/usage/keys?period=${period}&limit=8`), get("/v1/events?since=24h&limit=8"), get("/v1/keys?limit=1&fields=id")]);
    const alerts = await get("/v1/alerts?state=open&limit=100");
    showOpen(alerts.open);
    fill(standing, alertsCard(alerts.alerts, alerts.open, { most: 3 }));
    const days = series.series;
    const dates = days.map((each) => day(each.date));
    const sum = (name) => days.reduce((all, each) => all + each[name], 0);
    cost.show(dates, [days.map((each) => each.cost)], `${usd(sum("cost"))} in ${days.length} days, ${usd(sum("cost") / days.length)} a day`);
    traffic.show(dates, [days.map((each) => each.requests)], `${count(sum("requests"))} in ${days.length} days`);
    rest.hidden = any.data.length === 0 && top.keys.length === 0 && sum("requests") === 0;
    fill(begin, rest.hidden && welcome(() => refresh(true)));
    fill(keys, byKey(top.keys));
    fill(recent, eventsTable(list.events, "Nothing happened in the last 24 hours."));
  }
  const refresh = (whole) => Promise.all([drawNow(), whole && drawDays()]);

  const choose = select("Period", periods, period, (value) => { period = value; refresh(true); });
  const rest = h("div", { class: "stack" },
    card("Requests a minute, last hour (UTC)", now.element),
    h("div", { class: "grid" }, card("Cost by day", cost.element), card("Requests by day", traffic.element),
      card("Keys by cost", { aside: h("a", { href: "#/keys" }, "All keys") }, keys),
      h("div", { class: "stack" }, card("Models by cost", models), card("Features by cost", features), card("Answers", answers))),
    card("Events of the last 24 hours", { aside: h("a", { href: "#/events" }, "All events") }, recent));
  fill(main, h("div", { class: "head" }, h("h1", {}, "Overview"), h("div", { class: "actions" }, choose)), standing, tiles, begin, rest);
  await refresh(true);
  return refresh;
}
