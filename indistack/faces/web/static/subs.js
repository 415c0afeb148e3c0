// Every sub with what became of it; one of them is shown beside the stack.
import * as control from "./control.js";
import { $, fill, make, newest } from "./elements.js";
import * as graphs from "./graphs.js";
import * as pointing from "./pointing.js";
import { reason } from "./sentences.js";
import { number, say } from "./words.js";

const SHOWN = 200, MOST = 2000, FRESH = 8;  // as many of the newest may lack their picture yet
const TRIES = 4, AGAIN_MS = 1500;  // a sub is told of a moment before its picture is there
let subs = [], session = "", changed, asking = false, later = null, chosen = 0, seen = { address: "", number: 0 };
const rows = new Map();

const place = (sub) => `/api/v1/sessions/${encodeURIComponent(session)}/subs/${sub.number}`;
const figure = (value, digits) => (Number.isFinite(value) ? number(value, digits) : "");
const share = (value) => (Number.isFinite(value) ? `${number(100 * value)} %` : "");
const isIn = (sub) => sub.outcome !== "refused" && !sub.fate;

function fate(sub) {
  if (sub.fate) return say(`fate_${sub.fate}`);
  if (sub.outcome === "refused") return say("fate_refused", { why: reason(sub.reason) });
  return say(sub.outcome === "restarted" ? "fate_restarted" : "fate_stacked");
}

// Fetches the subs that are new; all of them where another session, or the fate of one, is told of.
export async function more(state) {
  later = asking ? state : null;  // what is told meanwhile is asked for afterwards: it may be the last of the night
  if (asking) return;
  asking = true;
  try {
    const isAnew = session !== state.session || state.changed !== changed;
    if (isAnew) subs = [];
    if (session !== state.session) { rows.clear(); chosen = 0; seen = { address: "", number: 0 }; }
    session = state.session;
    changed = state.changed;
    const after = subs.length ? newest(subs).number : 0;
    const told = await (await fetch(`/api/v1/subs?after=${after}`, { cache: "no-store" })).json();
    if (told.subs.length || isAnew) {
      subs = [...subs, ...told.subs].slice(-MOST);
      draw();
    }
  } catch { /* the next state tries again */ } finally { asking = false; }
  if (later) await more(later);
}

export function anew() {
  rows.clear();
  if (subs.length) draw();
}

function draw() {
  table();
  graphs.draw(subs);
  one();
}

function table() {
  const shown = subs.slice(-SHOWN).reverse();
  for (const number of rows.keys()) if (!shown.some((sub) => sub.number === number)) rows.delete(number);
  fill($("subs"), ...shown.map((sub) => {
    const known = rows.get(sub.number), what = `${sub.outcome} ${sub.fate}`;
    if (known && known.what === what) return known.row;
    const made = { what, row: row(sub) };
    rows.set(sub.number, made);
    return made.row;
  }));
}

function row(sub) {
  const image = make("img", { alt: "", loading: "lazy", width: "72", height: "48", src: `${place(sub)}/preview` });
  const look = make("button", { type: "button", class: "thumb", "aria-label": say("show_sub", { n: number(sub.number) }), on: { click: () => choose(sub.number) } }, image);
  image.addEventListener("error", () => {
    look.hidden = true;  // until its picture is there: a fresh sub's is written a little later
    if (sub.number > newest(subs).number - FRESH) load(image, `${place(sub)}/preview`, TRIES, (is) => { look.hidden = !is; });
  });
  const act = sub.outcome === "refused" || sub.fate === "lost" ? "" : isIn(sub)
    ? control.acting(say("remove"), () => control.send({ command: "remove", number: sub.number }))
    : control.acting(say("put_back"), () => control.send({ command: "readmit", number: sub.number }));
  const save = control.acting(say("raw"), () => control.save(`${place(sub)}/raw`), { title: say("raw_title") });
  return make("tr", { class: `${sub.outcome}${sub.fate ? " out" : ""}` },
    make("td", { class: "pic" }, look), make("td", { class: "no", text: String(sub.number) }), make("td", { class: "when", text: sub.time ? new Date(sub.time).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }) : "" }),
    make("td", { class: "why" }, make("span", { text: fate(sub) }), sub.detail && make("small", { text: sub.detail })),
    make("td", { class: "n", text: figure(sub.stars) }), make("td", { class: "n", text: figure(sub.fwhm_px, 2) }), make("td", { class: "n", text: figure(sub.eccentricity, 2) }),
    make("td", { class: "n", text: share(sub.transparency) }), make("td", { class: "n", text: figure(sub.weight, 2) }), make("td", { class: "acts" }, act, save));
}

// Shows a picture, and tells whether it is there; asks again where it may come yet.
function load(image, address, tries, tell) {
  const coming = new Image(), isWanted = () => image.dataset.wanted === address;
  image.dataset.wanted = address;
  coming.onload = () => { if (isWanted()) { image.src = address; tell(true); } };
  coming.onerror = () => {
    if (isWanted() && tries > 1) setTimeout(() => isWanted() && load(image, address, tries - 1, tell), AGAIN_MS);
    else if (isWanted()) tell(false);
  };
  coming.src = address;
}

function choose(sub) {
  chosen = sub || (pointing.isOn() ? newest(subs).number : 0);
  one();
  if (sub) $("sub-figure").scrollIntoView({ block: "nearest" });
}

// The sub beside the stack: the newest, or the one that was chosen in the table; while something is pointed at, it stays.
function one() {
  if (!chosen && pointing.isOn()) chosen = seen.number;
  const sub = subs.find((each) => each.number === chosen) || newest(subs);
  $("sub-newest").hidden = !chosen || sub === newest(subs);
  $("sub-figure").hidden = !sub;
  if (!sub) return;
  const image = $("sub-view"), address = `${place(sub)}/preview`;
  if (image.dataset.wanted !== address) load(image, address, sub === newest(subs) ? TRIES : 1, (is) => { image.hidden = !is; $("sub-none").hidden = is; describe(sub, address); });
  else if (seen.address === address) describe(sub, address);
}

// Tells of the sub whose picture is on the screen, and of no other.
function describe(sub, address) {
  seen = { address, number: sub.number };
  $("sub-view").alt = say("sub_alt", { n: number(sub.number) });
  pointing.sub(sub.number, session);
  const told = [
    `${say(chosen && sub !== newest(subs) ? "this_sub" : "last_sub", { n: number(sub.number) })}: ${fate(sub)}`,
    Number.isFinite(sub.stars) && say("n_stars", { count: sub.stars, n: number(sub.stars) }), Number.isFinite(sub.fwhm_px) && `FWHM ${figure(sub.fwhm_px, 2)} px`,
    Number.isFinite(sub.transparency) && say("clear_share", { share: share(sub.transparency) }),
  ];
  $("sub-said").textContent = told.filter(Boolean).join(" · ");
}

$("sub-newest").addEventListener("click", () => choose(0));
