// How requests were answered: each status, and which refusals were this proxy's.
import { h } from "./dom.js";
import { count, words } from "./format.js";

const mark = (status) => (status < 400 ? "good" : status < 500 ? "warn" : "bad");

export function answersOf({ by_status, refusals }) {
  const statuses = Object.entries(by_status);
  const refused = Object.entries(refusals).sort((a, b) => b[1] - a[1]);
  if (statuses.length === 0) return h("p", { class: "empty" }, "No request was answered in this time.");
  return [
    h("ul", { class: "chips", "aria-label": "Answers by status" }, statuses.map(([status, n]) =>
      h("li", { class: `badge ${mark(Number(status))}` }, h("b", {}, status), ` · ${count(n)}`))),
    refused.length > 0 && h("p", { class: "small muted under" }, "Refused by this proxy: ",
      refused.map(([code, n]) => `${words(code)} ${count(n)}`).join(", "), "."),
  ];
}
