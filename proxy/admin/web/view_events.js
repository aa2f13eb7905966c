// Security events and changes of all keys, newest first, as they happen.
import { get, listen } from "./api.js";
import { card, fill, h, select } from "./dom.js";
import { eventsTable } from "./events_table.js";
import { words } from "./format.js";

const types = ["unauthorized_access", "suspicious_pattern", "permission_denied", "rate_limit_exceeded",
  "quota_exhausted", "malformed_request", "anomaly", "rotation", "admin_action"];

// Runs `work` now, and once more after it where it was asked for meanwhile.
function oneAtATime(work) {
  let running = false;
  let again = false;
  return async () => {
    again = running;
    if (running) return;
    running = true;
    try {
      do { again = false; await work(); } while (again);
    } finally {
      running = false;
    }
  };
}

export async function events(main) {
  let since = "24h";
  let type = "";
  const list = h("div");
  const live = h("span", { class: "badge", role: "status" }, "connecting");
  async function refresh() {
    const answer = await get(`/v1/events?since=${since}&limit=500`);
    fill(list, eventsTable(answer.events.filter((each) => !type || each.type === type), type ? "Nothing of this kind happened." : "Nothing happened in this time."));
  }
  function showLive(is) {
    live.className = `badge ${is ? "good" : "warn"}`;
    live.textContent = is ? "live" : "connecting";
  }
  fill(main, h("div", { class: "head" }, h("h1", {}, "Events ", live), h("div", { class: "actions" },
    select("Kind", [["", "All kinds"], ...types.map((each) => [each, words(each)])], type, (value) => { type = value; refresh(); }),
    select("Since", [["60m", "Last hour"], ["24h", "Last 24 hours"], ["7d", "Last 7 days"], ["30d", "Last 30 days"]], since,
      (value) => { since = value; refresh(); }))),
  card("Newest first", list));
  await refresh();
  listen(oneAtATime(() => refresh().catch(() => {})), showLive);
  return refresh;
}
