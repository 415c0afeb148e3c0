// The observer's console: how things stand, what can be changed, the night in numbers.
import { clock, machine, calibration, simulator } from "./aside.js";
import * as control from "./control.js";
import { $, fill, make, newest } from "./elements.js";
import { Feed } from "./feed.js";
import * as graphs from "./graphs.js";
import * as log from "./log.js";
import * as look from "./look.js";
import * as pointing from "./pointing.js";
import * as sessions from "./sessions.js";
import * as subs from "./subs.js";
import { LANGUAGES, kept, number, preferred, say, span, translate, use } from "./words.js";

const STATES = { running: "running", paused: "is_paused", stopped: "is_finished", gone: "has_died", none: "no_agent" };
const HINTS = ["refocus", "dew", "clouds"];
let feed = null;

function night(on) {
  document.documentElement.classList.toggle("night", on);
  kept("night", on ? "1" : "0");
  graphs.recolour();
  look.redraw();
}

const pair = ([name, text]) => make("div", {}, make("dt", { text: name }), make("dd", { text }));

const lamp = (name, light, how) =>
  make("li", { class: light, text: say(`light_${name}`), title: how }, make("span", { class: "unseen", text: `: ${how}` }));

function lights(told) {
  fill($("lights"), ...Object.entries(told).map(([name, light]) =>
    lamp(name, light, light === "busy" ? say(`busy_${name}`) : say(`is_${light}`))));
}

function hints(state) {
  const said = state.hints.map(({ kind, text, since }) => (HINTS.includes(kind) ? say(`hint_${kind}`, { since: number(since) }) : text));
  const clocks = clock(state);
  const items = [...said.map((text) => make("li", { text })), ...(clocks ? [make("li", { class: "calm" }, ...clocks)] : [])];
  fill($("hints"), ...items);
}

// Numbers of the stack are those of the picture that is on the screen, and not of one that is still to come.
function figures(state) {
  const page = look.picture(newest(state.pictures), state, () => figures(feed.state)), of = page || state;
  const gain = page ? page.snr_gain : state.stack.snr_gain, unknown = say("unknown");
  $("view-said").textContent = page ? say("stack_of", { count: page.n_subs, n: number(page.n_subs) }) : state.pictures.length ? "…" : say("no_picture_yet");
  const wait = state.seconds_to_target ? span(state.seconds_to_target) : state.snr.target ? unknown : say("no_target_snr");
  fill($("facts"), ...[
    [say("subs"), number(of.n_subs)], [say("light_time"), of.exposure_s ? span(of.exposure_s) : unknown],
    [say("left_out_n"), number(state.refused)], [say("waiting"), number(state.waiting)],
    [say("snr_gain"), gain ? `× ${number(gain, 1)}` : unknown], [say("to_target"), wait], [say("method"), state.method || unknown],
    ...(state.branches.length ? [[say("branches"), state.branches.join(", ")]] : []),
  ].map(pair));
}

function take(state) {
  $("target").textContent = state.target || say("unknown_target");
  const told = document.documentElement.lang === "en" ? state.sentence : "";  // the agent's; the sub's fate is told below
  $("sentence").textContent = [say(STATES[state.agent] || "no_agent"), told, state.remaking].filter(Boolean).join(" · ");
  lights(state.lights);
  hints(state);
  figures(state);
  fill($("warnings"), ...[state.disk, ...state.warnings, state.why_plain].filter(Boolean).map((text) => make("li", { text })));
  control.inForce(state.settings);
  control.queue(state.waiting);
  calibration(state);
  machine(state);
  simulator(state);
  subs.more(state);
  sessions.more(state);
}

function languages(again) {
  fill($("language"), ...Object.entries(LANGUAGES).map(([name, own]) => make("option", { value: name, text: own, lang: name })));
  $("language").value = document.documentElement.lang;
  $("language").addEventListener("change", async () => {
    kept("language", $("language").value);
    await speak($("language").value);
    again();
  });
}

async function speak(name) {
  await use(name, "console/");
  translate();
  control.lock();
  await Promise.all([control.commands(), control.settings()]);
  graphs.start();
  look.start();
  pointing.start();
  log.start();
  subs.anew();
}

async function start() {
  control.takeToken();
  await speak(preferred());
  night(kept("night") === "1");
  $("night").addEventListener("click", () => night(!document.documentElement.classList.contains("night")));
  $("key").addEventListener("click", () => {
    if (control.isOpen()) { control.lock(); kept("token", ""); } else { $("unlock").hidden = !$("unlock").hidden; $("token").focus(); }
  });
  $("unlock").addEventListener("submit", (event) => { event.preventDefault(); control.unlock($("token").value); });
  await control.unlock();
  feed = new Feed(take, (connected) => connected || ($("sentence").textContent = say("offline")));
  languages(() => { take(feed.state); control.unlock(); });
}

start();
