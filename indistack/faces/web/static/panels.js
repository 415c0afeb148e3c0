// What the sheet above the bar holds: own brightness, the night again, the way here, the postcard, and the rest.
import { button, make } from "./elements.js";
import { light } from "./sentences.js";
import { draw, save } from "./postcard.js";
import { LANGUAGES, current, kept, number, say } from "./words.js";

const LOOKS = { brightness: [40, 250], contrast: [50, 200], saturation: [0, 300] };
const PLAIN = 100, STEP_MS = 420;

export const look = { brightness: PLAIN, contrast: PLAIN, saturation: PLAIN };

export const filter = () =>
  Object.values(look).every((value) => value === PLAIN)
    ? ""
    : `brightness(${look.brightness / 100}) contrast(${look.contrast / 100}) saturate(${look.saturation / 100})`;

// The handles of the own stretch, once it is turned on and its picture is there.
function stretch(page) {
  const { own } = page;
  page.stretchShown = own.ready;
  const turn = button(say("own_stretch"), () => { Object.assign(look, { brightness: PLAIN, contrast: PLAIN }); page.applyLook(); own.turn(!own.on); page.open("adjust"); }, null, "wide", say(own.on ? "on" : "off"));
  if (!own.on) return [turn];
  const rows = ["faint", "sky", "white"].map((name) => slide(say(`own_${name}`), own.wish[name], 0, 100, (value) => { own.wish[name] = value; own.draw(); }));
  return [turn, ...(own.image ? rows : [make("p", { class: "soft", role: "status", text: say("own_waiting") })])];
}

function slide(label, value, min, max, act, unit = "") {
  const told = make("span", { class: "soft", text: `${number(value)}${unit}` });
  const input = make("input", { type: "range", min: String(min), max: String(max), "aria-label": label });
  input.value = value;
  input.addEventListener("input", () => { told.textContent = `${number(Number(input.value))}${unit}`; act(Number(input.value)); });
  return make("label", { class: "slide" }, make("span", { text: label }), input, told);
}

export function adjust(page) {
  const shown = Object.entries(LOOKS).filter(([name]) => !page.own.on || name === "saturation");  // or both do the same
  const rows = shown.map(([name, [min, max]]) =>
    slide(say(name), look[name], min, max, (value) => { look[name] = value; page.applyLook(); }, " %"));
  const back = button(say("as_it_was"), () => {
    for (const name of Object.keys(look)) look[name] = PLAIN;
    page.own.plain();
    page.applyLook();
    page.open("adjust");
  });
  const told = !page.own.on && make("p", { class: "soft aside", text: say("adjust_only_you") });
  return [told, ...stretch(page), ...rows, back].filter(Boolean);
}

export function grow(page) {
  const pages = page.pictures.state.pictures, last = pages.length - 1;
  if (last < 1) return [make("p", { text: say("grow_later") })];
  const told = make("p", { role: "status" });
  const input = make("input", { type: "range", min: "0", max: String(last), "aria-label": say("grow") });
  const show = async (at) => {
    input.value = at;
    input.setAttribute("aria-valuetext", light(pages[at]));
    told.textContent = light(pages[at]);
    await page.pictures.hold(pages[at]);
  };
  input.addEventListener("input", () => { page.player = null; show(Number(input.value)); });
  const play = async () => {
    const mine = (page.player = {});
    for (let at = 0; at <= last && page.player === mine; at++) {
      await Promise.all([show(at), new Promise((done) => setTimeout(done, at === last ? 0 : STEP_MS))]);
    }
    if (page.player === mine) page.player = null;
  };
  play();
  return [told, input, button(say("play_again"), play, "grow"), button(say("follow_newest"), () => page.close())];
}

export function share() {
  const place = make("p", { class: "address", text: location.origin }), more = make("p", { class: "soft" });
  const code = make("img", { class: "qr", src: "/api/v1/qr.svg", alt: say("qr_alt") });
  const how = make("p", { text: say("share_how") });
  fetch("/api/v1/invitation").then((answer) => answer.json()).then((told) => {
    place.textContent = told.link;
    if (told.code) place.append(make("br"), say("code_is", { code: told.code }));
    more.textContent = told.open ? (told.name ? say("or_name", { name: told.name }) : "") : say("only_here");
    how.hidden = code.hidden = !told.open;
  }).catch(() => {});
  return [how, code, place, more];
}

export function postcard(page) {
  const { shown, state } = page.pictures, told = page.pictures.page;
  if (!told) return [make("p", { text: say("no_picture_yet") })];
  const canvas = draw(page.own.canvas.hidden ? shown : page.own.canvas, state, told, filter());
  canvas.className = "postcard";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${state.target || say("unknown_target")}, ${light(told)}`);
  return [canvas, button(say("save_postcard"), () => save(canvas, state), "save", "wide main")];
}

export function more(page) {
  const isNight = document.documentElement.classList.contains("night");
  const languages = Object.entries(LANGUAGES).map(([name, own]) =>
    make("button", { type: "button", text: own, lang: name, "aria-pressed": String(name === current()), on: { click: () => { kept("language", name); page.speak(name); } } }));
  return [
    button(say("postcard"), () => page.open("postcard"), "save"),
    button(say("night"), () => { page.night(!isNight); page.open("more"); }, "night", "wide", say(isNight ? "on" : "off")),
    button(say("projector"), () => page.projector(true), "full"),
    button(say(page.pictures.held ? "follow_newest" : "stay"), () => page.stay(!page.pictures.held), "hold"),
    make("div", { class: "languages wide-group", role: "group", "aria-label": say("language") }, ...languages),
    make("p", { class: "soft", text: say("what_this_is") }),
    make("a", { class: "wide", href: "/console", text: say("to_console") }),
  ];
}
