// What stands aside of the pictures: what calibrates, how the machine is, whose clock is right.
import * as control from "./control.js";
import { $, fill, make } from "./elements.js";
import { number, say, span } from "./words.js";

const OFF_S = 60;

const list = (title, of, kind = "") => (of.length ? [make("h3", { text: title }), make("ul", { class: kind }, ...of.map((text) => make("li", { text })))] : []);
const pairs = (of) => make("dl", { class: "figures" }, ...of.filter(([, text]) => text).map(([name, text]) => make("div", {}, make("dt", { text: name }), make("dd", { text }))));

// Draws anew only what has changed: a press on a button must not be lost to a new state.
const known = {};
function draw(id, told, make) {
  const text = JSON.stringify([told, document.documentElement.lang]);
  if (known[id] === text) return;
  known[id] = text;
  fill($(id), ...make());
}

export function calibration({ masters, set_aside: aside, doubts, library }) {
  draw("calibration", [masters, aside, doubts, library], () => [
    ...(masters.length ? list(say("masters"), masters) : [make("p", { class: "soft", text: say("no_masters") })]),
    ...list(say("set_aside"), aside), ...list(say("doubts"), doubts, "warm"),
    ...(Object.keys(library).length ? [make("h3", { text: say("library") }), pairs(Object.entries(library).map(([name, value]) => [name.replace(/_/g, " "), value]))] : []),
  ]);
}

export function machine({ machine: told, machine_warnings: warnings, last, version }) {
  const stages = Object.entries((last && last.stage_ms) || {}), speaks = document.documentElement.lang;
  if (!examined || examined.lang !== speaks) examined = doctor(speaks);  // stays as it is while the rest is drawn anew
  draw("machine", [told, warnings, stages], () => {
    const figure = (name, unit, digits = 0) => (Number.isFinite(told[name]) ? `${number(told[name], digits)} ${unit}` : "");
    return [
      pairs([
        [say("disk_free"), figure("free_gb", "GB", 1)], [say("room_for"), Number.isFinite(told.minutes_left) ? span(told.minutes_left * 60) : ""],
        [say("memory_free"), figure("memory_free_mb", "MB")], [say("memory_taken"), figure("memory_mb", "MB")],
        [say("temperature"), figure("temperature_c", "°C")], [say("ms_a_sub"), figure("ms_a_sub", "ms")], ["indistack", version],
      ]),
      ...list(say("warnings"), warnings, "warm"), ...bars(stages), examined,
    ];
  });
}

// What the steps of the newest sub took, the longest first.
function bars(stages) {
  const most = Math.max(...stages.map(([, ms]) => ms), 1);
  if (!stages.length) return [];
  const rows = stages.sort((one, other) => other[1] - one[1]).slice(0, 6).map(([name, ms]) =>
    make("li", {}, make("span", { text: name.replace(/_/g, " ") }), make("meter", { min: "0", max: String(most), value: String(ms), "aria-label": name }), make("span", { class: "n", text: `${number(ms)} ms` })));
  return [make("h3", { text: say("ms_a_stage") }), make("ul", { class: "bars" }, ...rows)];
}

let examined = null;

function doctor(lang) {
  const said = make("pre", { class: "said", hidden: true, tabindex: "0" });
  const ask = async () => {
    said.hidden = false;
    said.textContent = say("looking");
    try { said.textContent = (await control.post("/api/v1/doctor", {})).said; } catch (fault) { said.textContent = fault.message; }
  };
  return make("div", { lang }, control.acting(say("doctor"), ask), said);
}

// A camera to try things with where none is there, and what was started here.
export function simulator({ agent, sources, started }) {
  const waits = sources.some(({ connected, server }) => server && !connected), isAlone = !["running", "paused"].includes(agent);
  draw("simulator", [waits || isAlone, started], () => [
    ...(started.includes("simulator") ? [control.acting(say("simulator_end"), () => control.act("/api/v1/simulator", { on: false }))]
      : waits || isAlone ? [control.acting(say("simulator_start"), () => control.act("/api/v1/simulator", { on: true }))] : []),
    ...(started.includes("agent") ? [control.acting(say("agent_end"), () => control.act("/api/v1/agent/end", {}), { sure: true })] : []),
  ]);
}

// Where the telescope's computer and this device do not agree about the time: nodes that say so.
export function clock({ now }) {
  const off_s = (Date.now() - Date.parse(now)) / 1000;
  if (!(Math.abs(off_s) > OFF_S)) return null;
  const right = new Date(Date.now()).toISOString().replace(/\.\d+Z/, " UTC").replace("T", " ");
  return [
    make("span", { text: `${say("clock_off", { span: span(Math.abs(off_s)), way: say(off_s > 0 ? "slow" : "fast") })} ` }),
    make("code", { text: `sudo timedatectl set-ntp false && sudo timedatectl set-time "${right}"` }),
  ];
}
