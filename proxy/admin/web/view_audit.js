// Who changed which key, and what changed.
import { get } from "./api.js";
import { card, fill, h, table } from "./dom.js";
import { time, words } from "./format.js";
import { keyLink } from "./key_parts.js";

const instant = /^\d{4}-\d\d-\d\dT/;
const plain = (value) => (typeof value === "string" && instant.test(value) ? time(value) : value === null || value === "" ? "none" : value === true ? "yes" : value === false ? "no"
  : Array.isArray(value) ? value.map(plain).join(", ") || "none" : typeof value === "object" ? said(value) || "none" : String(value));
// Of a new key, what is as it always is says nothing.
const silent = (value) => value === null || value === "" || value === false || value === 0 || plain(value) === "none";

function said(value) {
  return Object.entries(value).filter(([, each]) => !silent(each)).map(([name, each]) => `${words(name)}: ${plain(each)}`).join("; ");
}

// [[what, from, to]]: changes may lie deeper, as those of one limit do.
function changes(detail) {
  return Object.entries(detail).flatMap(([name, each]) => (each === null || typeof each !== "object" || Array.isArray(each) ? []
    : "from" in each && "to" in each ? [[name, each.from, each.to]] : changes(each)));
}

function told(detail) {
  if (typeof detail !== "object") return detail;
  const found = changes(detail);
  if (found.length === 0) return said(detail);
  return found.map(([name, from, to]) => h("div", {}, `${words(name)}: `, h("span", { class: "muted" }, plain(from)), " → ", h("b", {}, plain(to))));
}

const kinds = { create: "good", deactivate: "warn", delete: "bad" };

export async function audit(main) {
  const { data } = await get("/v1/audit?limit=300");
  fill(main, h("h1", {}, "Audit"), card("Newest first", table("Audit", [
    { title: "When", cell: (row) => h("span", { class: "no-wrap" }, time(row.time)) },
    { title: "Who", cell: (row) => row.actor },
    { title: "Did", cell: (row) => h("span", { class: `badge ${kinds[row.action.split(".").at(-1)] ?? "info"}` }, words(row.action.replace(".", " "))) },
    { title: "Key", cell: (row) => keyLink(row.subject, row.subject_name ?? row.subject) },
    { title: "Change", wrap: true, cell: (row) => h("span", { class: "small" }, told(row.detail)) },
  ], data, "No key has been issued yet.")));
}
