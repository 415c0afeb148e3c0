// The night in small graphs, one for each thing that is measured of a sub, with one time for all.
import { $, make } from "./elements.js";

const WANTED = [
  ["fwhm_px", "FWHM (px)"], ["stars", "Stars"], ["background_adu", "Background (ADU)"], ["transparency", "Clear sky"],
  ["eccentricity", "Eccentricity"], ["drift_px", "Drift (px)"], ["rotation_deg", "Rotation (°)"], ["snr_gain", "SNR, first sub = 1, by √subs"],
];
const HIGH = 170;
const charts = [];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function chart(key, title) {
  const place = make("div", { class: "graph", hidden: true }, make("h3", { text: title }));
  $("graphs").append(place);
  charts.push({ key, byRoot: key === "snr_gain", drawn: null, place });
}

function plot(byRoot, place, data) {
  const axis = { stroke: () => colour("--soft"), grid: { stroke: () => colour("--line") }, ticks: { show: false } };
  return new uPlot({
    width: place.clientWidth || 300, height: HIGH, cursor: byRoot ? {} : { sync: { key: "night" } }, legend: { show: false },
    scales: { x: { time: !byRoot } }, axes: [{ ...axis, size: 42 }, { ...axis, size: 48 }],
    series: [{}, { stroke: () => colour("--strong"), width: 1.6, points: { size: 4 }, spanGaps: true }],
  }, data, place);
}

const fit = () => charts.forEach(({ drawn, place }) => {
  if (drawn && !place.hidden && place.clientWidth !== drawn.width) drawn.setSize({ width: place.clientWidth, height: HIGH });
});

export function start() {
  for (const [key, title] of WANTED) chart(key, title);
  addEventListener("resize", fit);
}

export function draw(subs) {
  const known = new Map(charts.map((each) => [each, subs.filter((sub) => Number.isFinite(sub[each.key]) && (!each.byRoot || sub.n_subs > 0))]));
  for (const [each, of] of known) each.place.hidden = of.length < 2;  // first: they share the width
  for (const [each, of] of known) {
    if (each.place.hidden) continue;
    const at = (sub) => (each.byRoot ? Math.sqrt(sub.n_subs) : Date.parse(sub.time) / 1000);
    const data = [of.map(at), of.map((sub) => sub[each.key])];
    if (each.drawn) each.drawn.setData(data);
    else each.drawn = plot(each.byRoot, each.place, data);
  }
  fit();
}

export const recolour = () => charts.forEach(({ drawn }) => drawn?.redraw());
