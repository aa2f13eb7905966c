// What is unusual for a key: the figures of all keys, those that it has of its own, and the rules that say
// nothing about it.
import { get, put } from "./api.js";
import { dialog, fill, h, notice } from "./dom.js";
import { count, words } from "./format.js";

const labels = {
  volume_factor: "Times its usual volume", volume_requests_min: "… from requests an hour on", error_share: "Share that may fail",
  error_requests_min: "… from requests an hour on", refused_burst: "Refusals in 5 minutes", limited_minutes: "Minutes an hour at a limit",
  silent_days: "Days of silence", settled_days: "Days in known networks", expiring_days: "Days before its end",
};
export const labelOf = (name) => labels[name] ?? words(name);
const shown = (value) => (Number.isInteger(value) ? count(value) : String(value));

const figures = (all, own) => h("dl", { class: "facts" }, all.settings.map(({ name, value }) => [h("dt", {}, labelOf(name)),
  h("dd", {}, own[name] === null ? shown(value) : [h("b", {}, shown(own[name])), h("span", { class: "muted" }, ` instead of ${shown(value)}`)])]));

function edit(key, all, own, then) {
  const wrong = h("p", { class: "wrong", role: "alert" });
  const box = dialog(`What is unusual for ${key.name}`, h("form", { onsubmit: async (event) => {
    event.preventDefault();
    const form = event.target;
    const value = (name) => form.elements[name].value.trim();
    const body = Object.fromEntries(all.settings.map(({ name }) => [name, value(name) === "" ? null : Number(value(name))]));
    body.muted = [...form.querySelectorAll("[name=rule]:not(:checked)")].map((each) => each.value);
    try {
      await put(`/v1/keys/${key.id}/alert-rules`, body);
      box.close();
      notice("Changed; the next look goes by it.");
      then();
    } catch (error) {
      wrong.textContent = error.message;
    }
  } },
  h("fieldset", {}, h("legend", {}, "Figures, empty: as for all keys"), all.settings.map((each) => h("div", { class: "field" },
    h("label", { for: `r-${each.name}` }, labelOf(each.name)),
    h("input", { id: `r-${each.name}`, name: each.name, type: "number", min: String(each.least), max: String(each.most),
      step: each.whole ? "1" : "any", placeholder: String(each.value), value: String(own[each.name] ?? "") })))),
  h("fieldset", {}, h("legend", {}, "Tells of"), h("div", { class: "checks" }, all.rules.map(({ name }) =>
    h("label", {}, h("input", { type: "checkbox", name: "rule", value: name, checked: !own.muted.includes(name) }), words(name))))),
  wrong, h("div", { class: "dialog-end" }, h("button", { type: "button", onclick: () => box.close() }, "Cancel"),
    h("button", { class: "main", type: "submit" }, "Save"))));
}

// Fills `into`, and calls `then` after a change; alerts that are off have no rules.
export async function showRules(into, key, then) {
  let all, own;
  try {
    [all, own] = await Promise.all([get("/v1/alerts/rules"), get(`/v1/keys/${key.id}/alert-rules`)]);
  } catch (error) {
    fill(into, h("p", { class: "empty" }, error.message));
    return;
  }
  fill(into, h("div", { class: "stack" }, figures(all, own),
    h("p", { class: "small muted" }, own.muted.length ? `Nothing is told of ${own.muted.map(words).join(", ")}.` : "Every rule speaks."),
    key.status !== "deleted" && h("p", {}, h("button", { type: "button", class: "small-button",
      onclick: () => edit(key, all, own, then) }, "Change the rules"))));
}
