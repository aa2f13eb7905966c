// How a key is named, marked and bounded, the same on every page.
import { h } from "./dom.js";
import { count, short, usd, words } from "./format.js";

export const keyLink = (id, text) => h("a", { href: `#/keys/${id}`, class: "name", title: text }, text);

export function statusBadge(key, now = Date.now()) {
  const expired = key.expires_at && Date.parse(key.expires_at) <= now;
  const text = key.status === "active" && expired ? "expired" : key.status;
  return h("span", { class: `badge ${{ active: "good", inactive: "warn" }[text] ?? "bad"}` }, text);
}

export function limitsInShort({ requests_per_minute: rpm, tokens_per_minute: tpm, monthly_spending_limit: month }) {
  const parts = [rpm !== null && `${count(rpm)} requests/min`, tpm !== null && `${short(tpm)} tokens/min`,
    month !== null && `${usd(month)}/month`].filter(Boolean);
  return parts.length ? parts.join(" · ") : "no limits";
}

const kinds = [["requests_per_minute", short], ["tokens_per_minute", short], ["concurrent_requests", short],
  ["daily_spending_limit", usd], ["monthly_spending_limit", usd], ["total_spending_limit", usd]];

function gauge(name, live, format) {
  const taken = live.used + (live.held ?? 0);
  const most = live.burst ?? live.limit;
  const share = most > 0 ? Math.min(1, taken / most) : 1;
  const fill = h("div", { class: `fill ${share >= 0.95 ? "bad" : share >= 0.8 ? "warn" : ""}` });
  fill.style.width = `${100 * share}%`;
  return h("div", {},
    h("div", { class: "gauge-line" }, h("span", {}, words(name).replace(" limit", "")),
      h("b", {}, `${format(taken)} of ${format(most).replace(/\.00$/, "")}`)),
    h("div", { class: "track", role: "meter", "aria-label": words(name), "aria-valuemin": "0",
      "aria-valuemax": String(most), "aria-valuenow": String(Math.min(taken, most)) }, fill),
    h("div", { class: "small muted" }, live.held ? `${format(live.held)} of it held by requests in flight` : "nothing in flight"));
}

export function gauges(limits) {
  const set = kinds.filter(([name]) => limits[name].limit !== null);
  if (set.length === 0) return h("p", { class: "muted" }, "This key has no limits: what it may spend is what the account has.");
  return h("div", { class: "gauges" }, set.map(([name, format]) => gauge(name, limits[name], format)));
}
