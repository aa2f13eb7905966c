// Elements from code: text is always text, so that nothing a name or an answer holds becomes markup.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(3).filter(Boolean));
  return element;
}

export function card(title, ...children) {
  const [aside, rest] = children[0]?.aside ? [children[0].aside, children.slice(1)] : [null, children];
  return h("section", { class: "card", "aria-label": title }, h("header", {}, h("h2", {}, title), aside), rest);
}

// columns: [{ title, number, cell: (row) => node or text, wrap }]
export function table(caption, columns, rows, empty) {
  if (rows.length === 0) return h("p", { class: "empty" }, empty);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {},
      h("caption", { class: "hidden-label" }, caption),
      h("thead", {}, h("tr", {}, columns.map((c) => h("th", { scope: "col", class: c.number && "number" }, c.title)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((c) =>
        h("td", { class: [c.number && "number", c.wrap && "wrap"].filter(Boolean).join(" ") || null }, c.cell(row))))))));
}

export function notice(text) {
  const line = h("p", {}, text);
  document.getElementById("notices").append(line);
  setTimeout(() => line.remove(), 6000);
}

// A modal dialog; gone from the document when it closes.
export function dialog(title, ...children) {
  const box = h("dialog", { "aria-label": title, onclose: () => box.remove() }, h("h2", {}, title), children);
  document.body.append(box);
  box.showModal();
  return box;
}

// Asks before something that cannot be taken back; resolves to whether to go on.
export function confirmed(title, text, action) {
  return new Promise((resolve) => {
    const answer = (yes) => () => { resolve(yes); box.close(); };
    const box = dialog(title, h("p", {}, text), h("div", { class: "dialog-end" },
      h("button", { type: "button", onclick: answer(false) }, "Cancel"),
      h("button", { type: "button", class: "danger", onclick: answer(true) }, action)));
    box.addEventListener("close", () => resolve(false));
  });
}

export function select(label, options, value, onchange) {
  return h("select", { "aria-label": label, onchange: (event) => onchange(event.target.value) },
    options.map(([name, text]) => h("option", { value: name, selected: name === value }, text)));
}
