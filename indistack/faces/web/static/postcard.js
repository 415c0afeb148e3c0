// A picture with its caption to take home; drawn here, with the reader's own brightness.
import { current, say } from "./words.js";
import { light } from "./sentences.js";

const WIDE = 1600, EDGE = 48, FOOT = 180;

export function draw(image, state, page, filter) {
  const [wide, high] = image.naturalWidth ? [image.naturalWidth, image.naturalHeight] : [image.width, image.height];
  const scale = Math.min(1, WIDE / wide), width = Math.round(wide * scale), height = Math.round(high * scale);
  const unit = width / WIDE, edge = Math.round(EDGE * unit), foot = Math.max(84, Math.round(FOOT * unit));
  const canvas = document.createElement("canvas");
  canvas.width = width + 2 * edge;
  canvas.height = height + edge + foot;
  const ink = canvas.getContext("2d");
  ink.fillStyle = "#0a0d15";
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.filter = filter || "none";
  ink.drawImage(image, edge, edge, width, height);
  ink.filter = "none";
  const size = (points) => Math.max(points * unit, points * 0.5), room = canvas.width - 2 * edge;
  ink.textBaseline = "alphabetic";
  ink.fillStyle = "#f2f5fc";
  ink.font = `700 ${size(64)}px system-ui, sans-serif`;
  ink.fillText(fitted(ink, state.target || say("unknown_target"), room * 0.86), edge, height + edge + foot * 0.45, room * 0.86);
  ink.fillStyle = "#ffd08a";
  ink.font = `400 ${size(38)}px system-ui, sans-serif`;
  const day = new Intl.DateTimeFormat(current(), { dateStyle: "long" }).format(new Date(state.time || state.now));
  ink.fillText(`${light(page)} · ${day}`, edge, height + edge + foot * 0.8, room);
  ink.fillStyle = "#7f8aa3";
  ink.font = `400 ${size(28)}px system-ui, sans-serif`;
  ink.textAlign = "right";
  ink.fillText("indistack", canvas.width - edge, height + edge + foot * 0.42);
  return canvas;
}

// A name that is somewhat too long is set narrower by the canvas itself; one that is much too long is cut.
function fitted(ink, text, room) {
  const letters = [...text];
  const shown = (count) => (count < letters.length ? `${letters.slice(0, count).join("")}…` : text);
  let count = letters.length;
  while (count > 1 && ink.measureText(shown(count)).width > room * 1.3) count--;
  return shown(count);
}

export function save(canvas, state) {
  const name = (state.target || "indistack").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "indistack";
  return new Promise((done) => canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${name}.jpg`;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    done();
  }, "image/jpeg", 0.92));
}
