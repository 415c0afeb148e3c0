// The last lines of the agent's log, by level: for those who have the token.
import * as control from "./control.js";
import { $, fill, make } from "./elements.js";
import { kept, say } from "./words.js";

const LEVELS = ["info", "warning", "error"], LIMIT = 200, AGAIN_MS = 5000;
let level = "info", timer = 0;

const when = (time) => (Number.isNaN(Date.parse(time)) ? time : new Date(time).toLocaleTimeString(undefined, { hourCycle: "h23" }));

async function look() {
  const place = $("log-lines");
  clearTimeout(timer);
  if (!$("log").open) return;
  try {
    const { lines } = await control.ask(`/api/v1/log?level=${level}&limit=${LIMIT}`);
    const isAtEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 8;
    fill(place, ...(lines.length ? lines.map(({ time, level: of, text }) =>
      make("li", { class: of }, make("time", { text: when(time) }), ` ${of === "info" ? "" : `${of}: `}${text}`)) : [make("li", { text: say("log_empty") })]));
    if (isAtEnd) place.scrollTop = place.scrollHeight;
  } catch (fault) { fill(place, make("li", { text: fault.status === 401 ? say("log_needs_token") : fault.message })); }
  if (!document.hidden) timer = setTimeout(look, AGAIN_MS);
}

export function start() {
  level = LEVELS.includes(kept("log")) ? kept("log") : "info";
  const chosen = make("select", { "aria-label": say("log_level") }, ...LEVELS.map((name) => make("option", { value: name, text: say(`log_${name}`) })));
  chosen.value = level;
  chosen.addEventListener("change", () => { level = chosen.value; kept("log", level); look(); });
  fill($("log-level"), chosen);
  look();
}

$("log").addEventListener("toggle", look);
document.addEventListener("visibilitychange", look);
