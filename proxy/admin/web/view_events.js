// Security events and changes of all keys, newest first.
import { get } from "./api.js";
import { card, fill, h, select } from "./dom.js";
import { eventsTable } from "./events_table.js";
import { words } from "./format.js";

const types = ["unauthorized_access", "suspicious_pattern", "permission_denied", "rate_limit_exceeded",
  "quota_exhausted", "malformed_request", "anomaly", "rotation", "admin_action"];

export async function events(main) {
  let since = "24h";
  let type = "";
  const list = h("div");
  async function refresh() {
    const answer = await get(`/v1/events?since=${since}&limit=500`);
    fill(list, eventsTable(answer.events.filter((each) => !type || each.type === type), "Nothing of this kind happened."));
  }
  fill(main, h("div", { class: "head" }, h("h1", {}, "Events"), h("div", { class: "actions" },
    select("Kind", [["", "All kinds"], ...types.map((each) => [each, words(each)])], type, (value) => { type = value; refresh(); }),
    select("Since", [["60m", "Last hour"], ["24h", "Last 24 hours"], ["7d", "Last 7 days"], ["30d", "Last 30 days"]], since,
      (value) => { since = value; refresh(); }))),
  card("Newest first", list));
  await refresh();
  return refresh;
}
