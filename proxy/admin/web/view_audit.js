// Who changed which key, and what changed.
import { get } from "./api.js";
import { card, fill, h, table } from "./dom.js";
import { time } from "./format.js";
import { keyLink } from "./key_parts.js";

function change(value) {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if ("from" in value && "to" in value) return `${JSON.stringify(value.from)} → ${JSON.stringify(value.to)}`;
  return Object.entries(value).filter(([, each]) => each !== null && each !== "" && JSON.stringify(each) !== "[]" && JSON.stringify(each) !== "{}")
    .map(([name, each]) => `${name}: ${change(each)}`).join(", ");
}

export async function audit(main) {
  const { data } = await get("/v1/audit?limit=300");
  fill(main, h("h1", {}, "Audit"), card("Newest first", table("Audit", [
    { title: "When", cell: (row) => time(row.time) },
    { title: "Who", cell: (row) => row.actor },
    { title: "Did", cell: (row) => h("span", { class: "badge info" }, row.action) },
    { title: "Key", cell: (row) => keyLink(row.subject, row.subject) },
    { title: "Change", wrap: true, cell: (row) => h("span", { class: "small" }, change(row.detail)) },
  ], data, "No key has been issued yet.")));
}
