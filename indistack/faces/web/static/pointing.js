// Pointing at the sub that is shown: where a comet is, which box the next stack is aligned by.
import * as control from "./control.js";
import { $, fill, make } from "./elements.js";
import { say } from "./words.js";

const LEAST = 0.01;  // of a side: a smaller box is a slip of the finger

let kind = "", shown = 0, begun = null, boxes = [], marks = new Map(), session = "";

export const isOn = () => Boolean(kind);

// Tells which sub is on the screen; marks and boxes are those of a session.
export function sub(number, of) {
  if (of !== session) { marks = new Map(); session = of; }
  if (number !== shown) { boxes = []; shown = number; }
  draw();
}

// Where the picture is within its frame: it is as large as fits, in the middle.
function place() {
  const image = $("sub-view"), box = image.getBoundingClientRect();
  const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
  const width = image.naturalWidth * scale, height = image.naturalHeight * scale;
  return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height };
}

const within = (share) => Math.min(1, Math.max(0, share));

function at(event) {
  const { left, top, width, height } = place();
  return [within((event.clientX - left) / width), within((event.clientY - top) / height)];
}

const share = (value) => String(Number(value.toFixed(5)));
const boxOf = ([x1, y1], [x2, y2]) => [Math.min(x1, x2), Math.min(y1, y2), Math.abs(x2 - x1), Math.abs(y2 - y1)];

function draw() {
  const { left, top, width, height } = place(), frame = $("pointing").getBoundingClientRect();
  const put = (element, [x, y, wide = 0, high = 0]) => {
    for (const [name, value] of Object.entries({ left: left - frame.left + x * width, top: top - frame.top + y * height, width: wide * width, height: high * height })) element.style[name] = `${value}px`;
    return element;
  };
  const mark = marks.get(shown);
  fill(
    $("pointing"),
    ...boxes.map((box, order) => put(make("i", { class: order ? "box search" : "box" }), box)),
    ...(mark ? [put(make("i", { class: "mark" }), mark)] : []));
}

function say_how() {
  const how = kind === "comet" ? say("point_comet", { count: marks.size, n: marks.size }) : kind === "box" ? say(boxes.length ? "point_search" : "point_box") : "";
  $("point-how").textContent = how;
  $("pointing").className = kind ? "on" : "";
  for (const each of document.querySelectorAll("#point-kinds [data-kind]")) each.setAttribute("aria-pressed", String(each.dataset.kind === kind));
  $("point-send").hidden = kind !== "box" || !boxes.length;
}

function choose(wanted) {
  kind = kind === wanted ? "" : wanted;
  boxes = [];
  say_how();
  draw();
}

async function mark(where) {
  const number = shown, of = marks;
  of.set(number, where);
  draw();
  say_how();
  if (await control.send({ command: "comet", number, place: where.map(share).join(",") })) return;
  of.delete(number);
  draw();
  say_how();
}

async function send() {
  const [box, search] = boxes.map((each) => each.map(share).join(","));
  await control.send({ command: "box", number: shown, box, ...(search ? { search } : {}) });
  choose("box");
}

function down(event) {
  if (!kind || !$("sub-view").naturalWidth) return;
  event.preventDefault();
  $("pointing").setPointerCapture(event.pointerId);
  begun = at(event);
  if (kind === "comet") { mark(begun); begun = null; }
}

function move(event) {
  if (!begun) return;
  const box = boxOf(begun, at(event));
  boxes = boxes.filter((each) => !each.isNew);
  boxes = [...boxes.slice(0, 1), Object.assign(box, { isNew: true })];
  draw();
}

function up() {
  if (!begun) return;
  begun = null;
  boxes = boxes.filter(([, , wide, high]) => wide > LEAST && high > LEAST);
  for (const each of boxes) delete each.isNew;
  say_how();
  draw();
}

// By keys, too: the arrows move a cross, Enter marks or sets a corner.
let cross = [0.5, 0.5];
function key(event) {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!kind || (!step && event.key !== "Enter")) return;
  event.preventDefault();
  if (step) cross = cross.map((value, axis) => within(value + step[axis] * (event.shiftKey ? 0.05 : 0.005)));
  if (event.key === "Enter" && kind === "comet") mark(cross);
  if (event.key === "Enter" && kind === "box") {
    if (begun) { boxes = [...boxes.slice(0, 1), boxOf(begun, cross)]; up(); } else begun = cross;
  }
  draw();
  const { left, top, width, height } = place(), frame = $("pointing").getBoundingClientRect();
  const shownCross = make("i", { class: "mark cross" });
  shownCross.style.left = `${left - frame.left + cross[0] * width}px`;
  shownCross.style.top = `${top - frame.top + cross[1] * height}px`;
  $("pointing").append(shownCross);
}

export function start() {
  kind = "";
  const kinds = ["comet", "box"].map((name) => {
    const button = control.acting(say(`point_with_${name}`), () => choose(name));
    button.dataset.kind = name;
    return button;
  });
  const going = control.acting(say("point_send"), send, { sure: true });
  going.id = "point-send";
  fill($("point-kinds"), ...kinds, going);
  say_how();
}

const surface = $("pointing");
surface.addEventListener("pointerdown", down);
surface.addEventListener("pointermove", move);
for (const end of ["pointerup", "pointercancel"]) surface.addEventListener(end, up);
surface.addEventListener("keydown", key);
$("sub-view").addEventListener("load", draw);
addEventListener("resize", draw);
