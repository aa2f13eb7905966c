// Sign-in, the address after the #, and which view stands in the page.
import { resume, signIn, signOut, unlisten, whenSignedOut } from "./api.js";
import { dropCharts, recolour } from "./charts.js";
import { fill, h, notice } from "./dom.js";
import { alerts } from "./view_alerts.js";
import { audit } from "./view_audit.js";
import { events } from "./view_events.js";
import { key } from "./view_key.js";
import { keys } from "./view_keys.js";
import { overview } from "./view_overview.js";

const main = document.getElementById("main");
const bar = document.getElementById("bar");
const refreshMs = 5000;
const wholeEvery = 12;

// A view is async (main, argument) => refresh or nothing; refresh(whole) is called again and again while
// the page can be seen. `whole` is true once a minute: what looks at days is not asked more often.
const views = [
  [/^#\/keys\/(key_[0-9a-z]+)$/, key, "#/keys"],
  [/^#\/keys$/, keys, "#/keys"],
  [/^#\/alerts$/, alerts, "#/alerts"],
  [/^#\/events$/, events, "#/events"],
  [/^#\/audit$/, audit, "#/audit"],
  [/^/, overview, "#/"],
];

let shownTimes = 0; // a view that was left must not go on drawing

function leave() {
  dropCharts();
  unlisten();
}

async function show() {
  const turn = ++shownTimes;
  leave();
  const [pattern, view, link] = views.find(([each]) => each.test(location.hash));
  for (const each of bar.querySelectorAll("nav a")) {
    if (each.getAttribute("href") === link) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  }
  try {
    const refresh = await view(main, location.hash.match(pattern)[1]);
    if (turn !== shownTimes) return;
    document.title = `${main.querySelector("h1")?.textContent ?? "deepseek-proxy"} · deepseek-proxy`;
    main.dataset.ready = location.hash || "#/";
    if (refresh) repeat(turn, refresh);
  } catch (error) {
    if (turn === shownTimes && error.status !== 401) failed(error);
  }
}

function repeat(turn, refresh, times = 1) {
  setTimeout(async () => {
    if (turn !== shownTimes) return;
    if (!document.hidden) await refresh(times % wholeEvery === 0).catch((error) => error.status || notice(error.message));
    repeat(turn, refresh, times + 1);
  }, refreshMs);
}

function failed(error) {
  fill(main, h("h1", {}, "This did not work"), h("p", { class: "wrong", role: "alert" }, error.message),
    h("p", {}, h("button", { type: "button", onclick: show }, "Try again")));
}

function showSignIn() {
  ++shownTimes;
  leave();
  bar.hidden = true;
  const wrong = h("p", { class: "wrong", role: "alert" });
  const field = h("input", { type: "password", id: "admin-key", autocomplete: "current-password", required: true });
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    try {
      await signIn(field.value.trim());
      enter();
    } catch (error) {
      wrong.textContent = error.message;
      field.select();
    }
  } },
  h("div", { class: "field" }, h("label", { for: "admin-key" }, "Admin key"), field,
    h("p", { class: "hint" }, "It stands in admin.key in the proxy's data directory.")),
  wrong, h("button", { class: "main", type: "submit" }, "Sign in"));
  fill(main, h("div", { class: "sign-in" }, h("section", { class: "card", "aria-label": "Sign in" },
    h("p", { class: "brand" }, h("img", { src: "/assets/icon.svg", alt: "", width: "30", height: "30" }), "deepseek-proxy"),
    h("h1", {}, "Sign in"), form)));
  main.dataset.ready = "sign-in";
  document.title = "Sign in · deepseek-proxy";
  field.focus();
}

function enter() {
  bar.hidden = false;
  show();
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  const next = name === "dark" ? "light" : "dark";
  const button = document.getElementById("theme");
  button.textContent = next === "dark" ? "Dark" : "Light";
  button.onclick = () => { localStorage.setItem("theme", next); setTheme(next); };
  recolour();
}

const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
setTheme(localStorage.getItem("theme") ?? preferred);
whenSignedOut(showSignIn);
document.getElementById("sign-out").onclick = async () => { await signOut(); showSignIn(); };
addEventListener("hashchange", () => { if (!bar.hidden) { show(); main.focus(); } });
resume().then((open) => (open ? enter() : showSignIn()), failed);
