// The form of a key, for new ones and for changes, and the one time its secret is seen.
import { patch, post } from "./api.js";
import { dialog, h, notice } from "./dom.js";

const features = ["chat", "code", "images", "audio", "embeddings", "files", "fine_tuning", "account"];
const defaults = new Set(features.slice(0, -1));
const rates = [["requests_per_minute", "Requests a minute", "1"], ["tokens_per_minute", "Tokens a minute", "1"],
  ["concurrent_requests", "Requests at once", "1"], ["daily_spending_limit", "US dollars a day", "any"],
  ["monthly_spending_limit", "US dollars a month", "any"], ["total_spending_limit", "US dollars in all", "any"]];

const field = (name, label, hint, attributes = {}) => h("div", { class: "field" },
  h("label", { for: `f-${name}` }, label, hint && h("span", { class: "hint" }, hint)),
  attributes.options
    ? h("select", { id: `f-${name}`, name, onchange: attributes.onchange }, attributes.options.map((each) => h("option", { value: each, selected: each === attributes.value }, each)))
    : h("input", { id: `f-${name}`, name, ...attributes }));

// What a type gives where nothing is said; shown in the fields that are left empty.
const typeDefaults = {
  production: { permissions: defaults, hints: {} },
  development: { permissions: defaults, hints: { requests_per_minute: "60", tokens_per_minute: "40,000", monthly_spending_limit: "10", models: "deepseek-flash" } },
  restricted: { permissions: new Set(), hints: {} },
};

function showType(form, type) {
  const { permissions, hints } = typeDefaults[type];
  for (const each of form.querySelectorAll("[name=permission]")) each.checked = permissions.has(each.value);
  for (const name of [...rates.map(([each]) => each), "models"]) form.elements[name].placeholder = hints[name] ?? "";
}

const listText = (list) => list.join(", ");
const listOf = (text) => text.split(",").map((each) => each.trim()).filter(Boolean);
export const aliasText = (aliases) => Object.entries(aliases).map(([name, model]) => `${name}=${model}`).join(", ");
const aliasesOf = (text) => Object.fromEntries(listOf(text).map((each) => each.split("=").map((part) => part.trim())));
const localTime = (text) => (text ? new Date(Date.parse(text) - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16) : "");

function permissionBoxes(key) {
  const on = key ? new Set(key.permissions) : defaults;
  return h("fieldset", {}, h("legend", {}, "Permissions"), h("div", { class: "checks" }, features.map((each) =>
    h("label", {}, h("input", { type: "checkbox", name: "permission", value: each, checked: on.has(each) }), each.replace("_", "-")))));
}

function fieldsOf(form, isNew) {
  const value = (name) => form.elements[name].value.trim();
  const limits = {};
  for (const [name] of rates) limits[name] = value(name) === "" ? null : Number(value(name));
  const out = {
    name: value("name"), description: value("description"), environment: value("environment"),
    models: listOf(value("models")), allowed_ips: listOf(value("allowed_ips")), allowed_referrers: listOf(value("allowed_referrers")),
    model_aliases: aliasesOf(value("model_aliases")), may_delegate: form.elements.may_delegate.checked,
    max_wait_ms: Number(value("max_wait_ms")), cache_ttl_s: Number(value("cache_ttl_s")),
    daily_budget: value("daily_budget") === "" ? null : Number(value("daily_budget")),
    rotate_every_days: value("rotate_every_days") === "" ? null : Number(value("rotate_every_days")),
    expires_at: value("expires_at") ? new Date(value("expires_at")).toISOString() : null,
    permissions: [...form.querySelectorAll("[name=permission]:checked")].map((each) => each.value), rate_limits: limits,
  };
  if (isNew) {
    out.type = value("type");
    if (value("parent")) out.parent = value("parent");
    // What was left as the type has it is not sent: the type's own defaults hold.
    if (out.type !== "production") {
      if (out.models.length === 0) delete out.models;
      for (const name of Object.keys(limits)) if (limits[name] === null) delete limits[name];
    }
  }
  return out;
}

function form(key, submit, label, cancel) {
  const wrong = h("p", { class: "wrong", role: "alert" });
  const box = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    for (const each of box.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
    wrong.textContent = "";
    try {
      await submit(fieldsOf(box, !key));
    } catch (error) {
      wrong.textContent = error.message;
      const at = box.elements[(error.param ?? "").split(".").at(-1)];
      if (at instanceof HTMLElement) { at.setAttribute("aria-invalid", "true"); at.focus(); }
    }
  } },
  field("name", "Name", "", { required: true, maxlength: "200", value: key?.name ?? "" }),
  h("fieldset", {}, h("legend", {}, "About"),
    field("description", "Description", "", { value: key?.description ?? "" }),
    field("environment", "Environment", "", { value: key?.environment ?? "" }),
    key ? null : field("type", "Type", "", { options: Object.keys(typeDefaults), onchange: (event) => showType(box, event.target.value) })),
  h("fieldset", {}, h("legend", {}, "Limits, empty for none"), rates.map(([name, text, step]) =>
    field(name, text, "", { type: "number", min: "0", step, value: String(key?.rate_limits[name] ?? "") })),
    field("daily_budget", "Alert above", "US dollars a day, refuses nothing", { type: "number", min: "0", step: "any", value: String(key?.daily_budget ?? "") })),
  permissionBoxes(key),
  h("fieldset", {}, h("legend", {}, "Where and what, empty for any"),
    field("models", "Models", "comma-separated", { value: listText(key?.models ?? []) }),
    field("allowed_ips", "IP addresses", "like 203.0.113.0/24", { value: listText(key?.allowed_ips ?? []) }),
    field("allowed_referrers", "Referrers", "like https://app.example/*", { value: listText(key?.allowed_referrers ?? []) }),
    field("model_aliases", "Aliases of models", "like gpt-4o=deepseek-pro", { value: aliasText(key?.model_aliases ?? {}) }),
    field("expires_at", "Expires", "your time", { type: "datetime-local", value: localTime(key?.expires_at) })),
  h("fieldset", {}, h("legend", {}, "Helpers, 0 for off"),
    field("max_wait_ms", "Wait instead of a 429", "ms at most", { type: "number", min: "0", max: "120000", value: String(key?.max_wait_ms ?? 0) }),
    field("cache_ttl_s", "Same answer to equal requests", "for seconds", { type: "number", min: "0", max: "604800", value: String(key?.cache_ttl_s ?? 0) })),
  h("fieldset", {}, h("legend", {}, "Belonging"),
    key ? null : field("parent", "Under", "id of a group or key", { value: "" }),
    field("rotate_every_days", "Rotate every", "days", { type: "number", min: "1", max: "3650", value: String(key?.rotate_every_days ?? "") }),
    h("div", { class: "checks" }, h("label", {},
      h("input", { type: "checkbox", name: "may_delegate", checked: key?.may_delegate ?? false }), "may issue narrower keys of its own"))),
  wrong, h("div", { class: "dialog-end" }, h("button", { type: "button", onclick: cancel }, "Cancel"),
    h("button", { class: "main", type: "submit" }, label)));
  return box;
}

export function issueKey(then) {
  const box = dialog("Create a key", form(null, async (fields) => {
    const made = await post("/v1/keys", fields);
    box.close();
    showSecret("The key is issued", made, then);
    then();
  }, "Create key", () => box.close()));
}

export function editKey(key, then) {
  const box = dialog(`Change ${key.name}`, form(key, async (fields) => {
    await patch(`/v1/keys/${key.id}`, fields, key.version);
    box.close();
    notice("Changed; the next request is judged by it.");
    then();
  }, "Save", () => box.close()));
}

function recipe(secret) {
  const proxy = `${location.protocol}//${location.hostname}:${Number(location.port) - 1}`;
  return ["from openai import OpenAI", "", `client = OpenAI(base_url="${proxy}/v1",`, `                api_key="${secret}")`,
    'answer = client.chat.completions.create(model="deepseek-flash",',
    '    messages=[{"role": "user", "content": "Hello!"}])', "print(answer.choices[0].message.content)"].join("\n");
}

export function showSecret(title, made, then = () => {}) {
  const field = h("input", { class: "mono", readonly: true, value: made.key, "aria-label": "The key's secret", id: "secret" });
  const copy = h("button", { type: "button", onclick: async () => {
    field.select();
    await navigator.clipboard.writeText(made.key).catch(() => document.execCommand("copy"));
    copy.textContent = "Copied";
  } }, "Copy");
  const box = dialog(title,
    h("p", {}, h("b", {}, "Copy the secret now. "), "It is shown this once: the proxy keeps only its hash."),
    h("div", { class: "secret" }, field, copy),
    h("p", { class: "small muted" }, "A first program, if the data plane is on its usual port:"), h("pre", { tabindex: "0" }, recipe(made.key)),
    h("div", { class: "dialog-end" }, h("button", { class: "main", type: "button", onclick: () => box.close() }, "I have copied it")));
  box.addEventListener("close", then);
}
