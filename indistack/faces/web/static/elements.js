// Small builders of elements; what comes from outside is text, never markup.
export const $ = (id) => document.getElementById(id);

export function make(tag, { text, on = {}, ...more } = {}, ...children) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(more)) {
    if (name === "class") element.className = value;
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value);
  }
  for (const [name, act] of Object.entries(on)) element.addEventListener(name, act);
  element.append(...children.filter(Boolean));
  return element;
}

// In place of what is newer than the phones of 2019: replaceChildren, at(-1) and ??.
export function fill(element, ...children) {
  element.textContent = "";
  element.append(...children);
}
export const newest = (list) => list[list.length - 1];
export const given = (value, other) => (value === undefined || value === null ? other : value);

export function icon(name) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  drawing.setAttribute("aria-hidden", "true");
  drawing.append(use);
  return drawing;
}

export const button = (label, act, name, kind = "wide", end = "") =>
  make("button", { type: "button", class: kind, on: { click: act } }, name && icon(name), make("span", { text: label }), end && make("span", { class: "end", text: end }));
