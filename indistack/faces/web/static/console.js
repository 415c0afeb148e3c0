// The observer's console: how things stand, what can be changed, the night in numbers.
import * as control from "./control.js";
import { $, make } from "./elements.js";
import { Feed } from "./feed.js";
import * as graphs from "./graphs.js";
import { reason } from "./sentences.js";
import { kept, number, span, use } from "./words.js";

const SHOWN = 200, MOST = 2000;
const STATES = { running: "Running", paused: "Paused", stopped: "Finished", gone: "The agent has died", none: "No agent yet" };
let subs = [], session = "", asking = false;

function night(on) {
  document.documentElement.classList.toggle("night", on);
  kept("night", on ? "1" : "0");
  graphs.recolour();
}

function take(state) {
  $("target").textContent = state.target || "Name unknown";
  $("sentence").textContent = [STATES[state.agent], state.sentence].filter(Boolean).join(" · ");
  $("lights").replaceChildren(...Object.entries(state.lights).map(([name, light]) => make("li", { class: light, text: name, title: light }, make("span", { class: "unseen", text: `: ${light}` }))));
  const page = state.pictures.at(-1);
  if (page) $("view").src = page.address;
  $("view").hidden = !page;
  const facts = {
    Subs: number(state.n_subs), Light: state.exposure_s ? span(state.exposure_s) : "unknown", "Left out": number(state.refused), Waiting: number(state.waiting),
    SNR: page?.snr_gain || state.stack.snr_gain ? `× ${number(page?.snr_gain || state.stack.snr_gain, 1)}` : "unknown",
    "To target SNR": state.seconds_to_target ? span(state.seconds_to_target) : "unknown", Method: state.method || "unknown",
  };
  $("facts").replaceChildren(...Object.entries(facts).map(([name, text]) => make("div", {}, make("dt", { text: name }), make("dd", { text }))));
  $("warnings").replaceChildren(...[state.disk, ...state.warnings].filter(Boolean).map((text) => make("li", { text })));
  control.inForce(state.settings);
  more(state);
}

// Fetches the subs that are new; all of them where another session, or the fate of one, is told of.
async function more(state) {
  if (asking) return;
  asking = true;
  try {
    const anew = session !== state.session || state.changed !== more.changed;
    if (anew) subs = [];
    session = state.session;
    more.changed = state.changed;
    const after = subs.length ? subs.at(-1).number : 0;
    const told = await (await fetch(`/api/v1/subs?after=${after}`, { cache: "no-store" })).json();
    if (told.subs.length || anew) {
      subs = [...subs, ...told.subs].slice(-MOST);
      table();
      graphs.draw(subs);
    }
  } catch { /* the next state tries again */ } finally { asking = false; }
}

const figure = (value, digits) => (Number.isFinite(value) ? number(value, digits) : "");

function table() {
  $("subs").replaceChildren(...subs.slice(-SHOWN).reverse().map((sub) => {
    const isIn = sub.outcome !== "refused" && !sub.fate;
    const what = sub.fate ? sub.fate : sub.outcome === "refused" ? `left out: ${reason(sub.reason)}` : sub.outcome === "restarted" ? "new stack" : "stacked";
    const act = sub.outcome === "refused" || sub.fate === "lost" ? "" : isIn
      ? control.acting("Remove", () => control.send({ command: "remove", number: sub.number }))
      : control.acting("Put back", () => control.send({ command: "readmit", number: sub.number }));
    return make("tr", { class: `${sub.outcome}${sub.fate ? " out" : ""}` },
      make("td", { text: String(sub.number) }), make("td", { text: sub.time ? new Date(sub.time).toLocaleTimeString() : "" }),
      make("td", { class: "why", text: what, title: sub.detail || "" }), make("td", { text: figure(sub.stars) }), make("td", { text: figure(sub.fwhm_px, 2) }),
      make("td", { text: Number.isFinite(sub.transparency) ? `${number(100 * sub.transparency)} %` : "" }), make("td", { text: figure(sub.weight, 2) }), make("td", {}, act));
  }));
}

async function start() {
  control.takeToken();
  control.lock();
  await use("en");
  graphs.start();
  night(kept("night") === "1");
  $("night").addEventListener("click", () => night(!document.documentElement.classList.contains("night")));
  $("key").addEventListener("click", () => {
    if (control.isOpen()) { control.lock(); kept("token", ""); } else { $("unlock").hidden = !$("unlock").hidden; $("token").focus(); }
  });
  $("unlock").addEventListener("submit", (event) => { event.preventDefault(); control.unlock($("token").value); });
  await Promise.all([control.commands(), control.settings()]);
  await control.unlock();
  new Feed(take, (connected) => connected || ($("sentence").textContent = "Connection lost – trying again"));
}

start();
