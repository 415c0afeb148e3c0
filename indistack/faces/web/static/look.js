// How the picture looks, for everybody: its histogram with handles for black, sky and white; the look; before and after.
import * as control from "./control.js";
import { $, fill, given, make } from "./elements.js";
import { loaded } from "./pictures.js";
import { number, say } from "./words.js";

const AGAIN_MS = 3000;  // after which a picture that did not come is asked for again
const BINS = 256, SIDE = 400, SIGMAS = 5, WHITE = 0.99999, HIGH = 120;
const LEFT = -0.1, KNOB = 15;  // the axis of histogram and handles begins below black; half a knob stands out on both sides
const OWN = ["picture.black", "picture.sky", "picture.white", "picture.saturation", "picture.operators"];
const LEAST = 0.05, MOST_BLACK = 100;

let bins = null, sky = 0.12, state = null, wanted = null, coming = false, seen = null, shown = "", before = "", marks = {}, controls = {};
const undoable = [];

const inForce = (name) => (state && name in state.settings ? state.settings[name] : null);

// Takes the newest picture on the screen, and counts how bright its pixels are. Returns what is told of the one that is
// there; `tell` is called when there is another one.
export function picture(page, told, tell) {
  state = told;
  wanted = page;
  if (!page) seen = null;
  $("view").hidden = !seen;
  if (controls.follow) controls.follow();
  if (!coming) show(tell);
  return seen;
}

// One after another, or none would ever come where the network is slower than the camera. The bytes are kept here: the
// address is gone as soon as the same subs have another look.
async function show(tell) {
  const page = wanted;
  if (!page || (seen && seen.address === page.address)) return;
  coming = true;
  try {
    const got = await fetch(page.address);
    if (!got.ok) throw new Error(String(got.status));
    const own = URL.createObjectURL(await got.blob()), image = await loaded(own);
    if (!wanted) return;
    if (shown && shown !== before) URL.revokeObjectURL(shown);
    shown = $("view").src = own;
    seen = page;
    $("view").alt = say("picture_alt_short", { n: number(page.n_subs) });
    $("view").hidden = false;
    count(image);
    tell();
  } catch { await new Promise((done) => setTimeout(done, AGAIN_MS)); } finally { coming = false; }
  show(tell);
}

function count(image) {
  const scale = Math.min(1, SIDE / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  bins = new Float64Array(BINS);
  for (let at = 0; at < data.length; at += 4) bins[Math.round((data[at] + data[at + 1] + data[at + 2]) / 3)]++;
  sky = peak() / (BINS - 1);
  marks = {};
  rest();
  redraw();
}

// Where the sky is: the fullest place of the smoothed histogram, pure black and white left out.
function peak() {
  let best = 0, at = 1;
  for (let place = 3; place < BINS - 3; place++) {
    let sum = 0;
    for (let near = place - 2; near <= place + 2; near++) sum += bins[near];
    if (sum > best) [best, at] = [sum, place];
  }
  return at;
}

function shareBelow(level) {
  let below = 0, all = 0;
  bins.forEach((of, place) => { all += of; if (place / (BINS - 1) < level) below += of; });
  return all ? below / all : 1;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function redraw() {
  const canvas = $("histogram"), wide = canvas.clientWidth || 300, ratio = devicePixelRatio || 1;
  canvas.width = wide * ratio;
  canvas.height = HIGH * ratio;
  if (!bins) return;
  const pen = canvas.getContext("2d"), most = Math.log1p(Math.max(...bins));
  pen.scale(ratio, ratio);
  const x = (level) => KNOB + ((level - LEFT) / (1 - LEFT)) * (wide - 2 * KNOB);
  pen.fillStyle = colour("--strong");
  bins.forEach((of, place) => {
    const high = (HIGH - 6) * (Math.log1p(of) / most);
    pen.fillRect(x(place / BINS), HIGH - high, x(1 / BINS) - x(0) + 0.5, high);
  });
  for (const [name, tone] of [["black", "--soft"], ["sky", "--warm"], ["white", "--ink"]]) {
    const at = name in marks ? marks[name] : name === "sky" ? sky : name === "white" ? 1 : 0;
    pen.fillStyle = colour(tone);
    pen.fillRect(x(at) - 1, 0, 2, HIGH);
  }
}

// What a handle at a place of the histogram asks for. Between black and sky the curve is nearly straight.
const asks = {
  black: (at) => ["picture.black", Math.min(MOST_BLACK, Math.max(LEAST, given(inForce("picture.black"), SIGMAS) * (1 - at / Math.max(sky, 0.01))))],
  sky: (at) => ["picture.sky", Math.min(0.9, Math.max(0.01, at))],
  white: (at) => ["picture.white", at >= 1 ? WHITE : Math.max(0.5, Math.min(WHITE, shareBelow(at)))],
};

function handle(name) {
  const input = make("input", { type: "range", min: String(LEFT), max: "1", step: "0.005", class: "needs-key", "aria-label": say(`handle_${name}`) });
  input.disabled = !control.isOpen();
  input.addEventListener("input", () => { marks[name] = Number(input.value); redraw(); });
  input.addEventListener("change", () => {
    const [setting, value] = asks[name](Number(input.value));
    change(setting, Number(value.toPrecision(6)));
  });
  controls[name] = input;
  return make("label", { class: `handle ${name}` }, make("span", { text: say(`handle_${name}`) }), input);
}

// The picture has what was asked for: the handles stand where it is now.
function rest() {
  for (const [name, at] of [["black", 0], ["sky", sky], ["white", 1]]) if (controls[name]) controls[name].value = String(at);
}

// Every change can be taken back, and the picture of before it be held against the new one.
async function change(name, value) {
  undoable.push([name, inForce(name)]);
  if (before && before !== shown) URL.revokeObjectURL(before);
  before = shown;
  await control.send({ command: "set", name, value });
  if (controls.follow) controls.follow();
}

async function undo() {
  const last = undoable.pop();
  if (last) await control.send({ command: "set", name: last[0], value: last[1] });
  if (controls.follow) controls.follow();
}

async function asTheLookHasIt() {
  for (const name of OWN.slice(0, 4)) if (inForce(name) !== null) await change(name, null);
}

export function start() {
  fill($("handles"), handle("black"), handle("sky"), handle("white"));
  const saturation = make("input", { type: "range", min: "0", max: "3", step: "0.1", class: "needs-key", "aria-label": say("saturation") });
  saturation.addEventListener("change", () => change("picture.saturation", Number(saturation.value)));
  const words = make("input", { type: "text", class: "needs-key", "aria-label": say("operators"), placeholder: "deepsky, scnr, stretch:0.1", maxlength: "300" });
  words.addEventListener("change", () => change("picture.operators", operators(words.value)));
  const looks = make("div", { class: "chips", role: "group", "aria-label": say("look") });
  const held = make("button", { type: "button", class: "chip", text: say("before") });
  const back = control.acting(say("undo_look"), undo), plain = control.acting(say("as_look"), asTheLookHasIt);
  hold(held);
  fill(
    $("look"),
    make("label", { class: "slide" }, make("span", { text: say("saturation") }), saturation), looks,
    make("label", { class: "words" }, make("span", { text: say("operators") }), words), make("div", { class: "chips" }, held, back, plain));
  for (const each of [saturation, words]) each.disabled = !control.isOpen();
  controls.follow = () => {
    const told = inForce("picture.operators");
    if (words !== document.activeElement && Array.isArray(told)) words.value = told.join("; ");
    if (saturation !== document.activeElement) saturation.value = String(given(inForce("picture.saturation"), 1.3));
    for (const each of looks.children) each.setAttribute("aria-pressed", String(Array.isArray(told) && told.length === 1 && told[0] === each.dataset.look));
    held.hidden = !before;
    back.hidden = undoable.length === 0;
  };
  const chips = (control.setting("picture.operators") || { choices: [] }).choices.map((name) => {
    const made = control.acting(say(`look_${name}`), () => change("picture.operators", [name]));
    made.dataset.look = name;
    return made;
  });
  fill(looks, ...chips);
  controls.follow();
  rest();
  redraw();
}

// Operators stand apart by semicolons or blanks, as their arguments stand apart by commas.
const operators = (text) => text.split(/;\s*|\s+|,\s+/).map((word) => word.trim()).filter(Boolean);

function hold(button) {
  const show = (old) => { if (before && shown) $("view").src = old ? before : shown; };
  button.addEventListener("pointerdown", (event) => { button.setPointerCapture(event.pointerId); show(true); });
  for (const end of ["pointerup", "pointercancel", "blur"]) button.addEventListener(end, () => show(false));
  button.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") show(true); });
  button.addEventListener("keyup", () => show(false));
}

addEventListener("resize", redraw);
