// The night in small graphs, one for each thing that is measured of a sub, with one time for all.
import { $, fill, make, newest } from "./elements.js";
import { say } from "./words.js";

const WANTED = ["fwhm_px", "stars", "background_adu", "transparency", "eccentricity", "drift_px", "rotation_deg", "snr_gain", "ms"];
const OF_MACHINE = ["memory_mb", "free_gb"];
const TRACK = "track";
const HIGH = 170;
const charts = [];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function chart(key) {
  const place = make("div", { class: "graph", hidden: true }, make("h3", { text: say(`graph_${key}`) }));
  $("graphs").append(place);
  charts.push({ key, byRoot: key === "snr_gain", drawn: null, place });
}

const value = (sub, key) => (key === "ms" ? total(sub.stage_ms) : sub[key]);
const total = (stages) => (stages ? Object.values(stages).reduce((sum, ms) => sum + ms, 0) : undefined);

function plot(byRoot, place, data) {
  const times = (_, ticks) => ticks.map((at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }));
  const axis = { stroke: () => colour("--soft"), grid: { stroke: () => colour("--line") }, ticks: { show: false } };
  return new uPlot({
    width: place.clientWidth || 300, height: HIGH, cursor: byRoot ? {} : { sync: { key: "night" } }, legend: { show: false },
    scales: { x: { time: !byRoot } }, axes: [{ ...axis, size: 26, ...(byRoot ? {} : { values: times }) }, { ...axis, size: 48 }],
    series: [{}, { stroke: () => colour("--strong"), width: 1.6, points: { size: 4 }, spanGaps: true }],
  }, data, place);
}

const fit = () => charts.forEach(({ drawn, place }) => {
  if (drawn && !place.hidden && place.clientWidth !== drawn.width) drawn.setSize({ width: place.clientWidth, height: HIGH });
});

// Where the field's centre was, sub by sub: the newest is the dot.
function track(subs) {
  const of = subs.map((sub) => sub.shift_px).filter((shift) => Array.isArray(shift) && shift.every(Number.isFinite));
  const place = $(TRACK);
  place.hidden = of.length < 2;
  if (place.hidden) return;
  const most = Math.max(...of.flat().map(Math.abs), 1), at = ([x, y]) => `${((x / most) * 46 + 50).toFixed(1)},${((y / most) * 46 + 50).toFixed(1)}`;
  const [x, y] = at(newest(of)).split(",");
  place.querySelector("polyline").setAttribute("points", of.map(at).join(" "));
  for (const [name, told] of [["cx", x], ["cy", y]]) place.querySelector("circle").setAttribute(name, told);
  place.querySelector("p").textContent = say("track_scale", { n: most.toFixed(most < 10 ? 1 : 0) });
}

function trackPlace() {
  const drawing = new DOMParser().parseFromString('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" aria-hidden="true"><path d="M50 2v96M2 50h96"/><polyline points=""/><circle r="2.2"/></svg>', "image/svg+xml").documentElement;
  return make("div", { class: "graph track", id: TRACK, hidden: true }, make("h3", { text: say("graph_track") }), drawing, make("p", { class: "soft" }));
}

export function start() {
  fill($("graphs"));
  charts.length = 0;
  [...WANTED, ...OF_MACHINE].forEach(chart);
  $("graphs").append(trackPlace());
}

addEventListener("resize", fit);

let samples = [];

// What the machine was like is told apart from the subs, by its own time.
async function ofMachine() {
  try {
    const told = await (await fetch("/api/v1/machine", { cache: "no-store" })).json();
    samples = told.samples.map((each) => ({ ...each, time: new Date(each.time * 1000).toISOString() }));
  } catch { /* the next sub asks again */ }
}

export async function draw(subs) {
  await ofMachine();
  const known = new Map(charts.map((each) => [each, (OF_MACHINE.includes(each.key) ? samples : subs).filter((sub) => Number.isFinite(value(sub, each.key)) && (!each.byRoot || sub.n_subs > 0))]));
  const lacking = !window.uPlot;  // a browser of 2019 does not read it
  for (const [each, of] of known) each.place.hidden = lacking || of.length < 2;  // first: they share the width
  for (const [each, of] of known) {
    if (each.place.hidden) continue;
    const at = (sub) => (each.byRoot ? Math.sqrt(sub.n_subs) : Date.parse(sub.time) / 1000);
    const data = [of.map(at), of.map((sub) => value(sub, each.key))];
    if (each.drawn) each.drawn.setData(data);
    else each.drawn = plot(each.byRoot, each.place, data);
  }
  track(subs);
  fit();
}

export const recolour = () => charts.forEach(({ drawn }) => drawn && drawn.redraw());
