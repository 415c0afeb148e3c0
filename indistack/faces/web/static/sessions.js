// The sessions that lie in the output folder: picture, report, files.
import * as control from "./control.js";
import { $, fill, make } from "./elements.js";
import { number, say } from "./words.js";

const MB = 1e6;
const PARTS = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)\d\d_(.*)_\d+$/;
let known = "";

// Asks anew where another session is told of, or its number of subs has passed a ten.
export async function more(state) {
  const key = [state.session, state.agent, Math.floor(state.n_subs / 10), document.documentElement.lang].join(" ");
  if (key === known) return;
  known = key;
  try {
    const told = await (await fetch("/api/v1/sessions", { cache: "no-store" })).json();
    const open = new Set([...document.querySelectorAll("#sessions details[open]")].map((each) => each.dataset.name));
    fill($("sessions"), ...(told.sessions.length ? told.sessions.map((each) => entry(each, open)) : [make("p", { class: "soft", text: say("no_sessions") })]));
  } catch { known = ""; }
}

function entry(session, open) {
  const [, year, month, day, hour, minute, target] = PARTS.exec(session.name) || [];
  const when = year ? `${year}-${month}-${day} ${hour}:${minute}` : session.name;
  const name = session.target || (target || "").replace(/-/g, " ");
  const body = make("div"), whole = make("details", {}, make("summary", {}, make("b", { text: name }), ` ${when} · ${say("n_subs", { count: session.n_subs, n: number(session.n_subs) })}`), body);
  whole.dataset.name = session.name;
  whole.addEventListener("toggle", () => { if (whole.open && !body.childElementCount) body.append(...inside(session)); });
  whole.open = open.has(session.name);
  return whole;
}

const chosen = new Set();

// A box to choose a session by, for a merge.
function picked(name) {
  const input = make("input", { type: "checkbox", checked: chosen.has(name) });
  input.addEventListener("change", () => { if (input.checked) chosen.add(name); else chosen.delete(name); offer(); });
  return make("label", { class: "switch" }, input, make("span", { text: say("merge_this") }));
}

// The button that merges what is chosen, and what came of it.
function offer() {
  const said = make("pre", { class: "said", hidden: true, tabindex: "0" }), links = make("p", { class: "links", hidden: true },
    ...["fits", "png"].map((kind) => make("a", { href: `/api/v1/merged.${kind}`, download: "", text: `merged.${kind}` })));
  const merge = control.acting(say("merge", { n: number(chosen.size) }), async () => {
    said.hidden = false;
    said.textContent = say("looking");
    try {
      const told = await control.post("/api/v1/merge", { sessions: [...chosen] });
      said.textContent = told.said;
      links.hidden = !told.well;
    } catch (fault) { said.textContent = fault.message; }
  });
  fill($("merge"), ...(chosen.size > 1 ? [merge, said, links] : []));
}

function inside(session) {
  const at = `/api/v1/sessions/${encodeURIComponent(session.name)}`, has = (file) => file in session.files;
  const links = Object.entries(session.files).filter(([file]) => file !== "report.html" && file !== "report.json").map(([file, bytes]) =>
    make("a", { href: `${at}/files/${file}?save`, download: "", text: `${file} (${number(bytes / MB, bytes < 10 * MB ? 1 : 0)} MB)` }));
  const report = make("a", { href: `${at}/files/report.html`, target: "_blank", rel: "noopener", text: say("report"), class: "chip", hidden: !has("report.html") });
  const said = make("pre", { class: "said", hidden: true, tabindex: "0" });
  const write = control.acting(say("write_report"), async () => {
    said.hidden = false;
    said.textContent = say("looking");
    try {
      const told = await control.post(`${at}/report`, {});
      said.textContent = told.said;
      report.hidden = !told.well;
    } catch (fault) { said.textContent = fault.message; }
  });
  return [
    has("stack.jpg") && make("img", { src: `${at}/files/stack.jpg`, alt: say("picture_alt_short", { n: number(session.n_subs) }), loading: "lazy" }),
    make("p", { class: "links" }, ...links), make("div", { class: "chips" }, report, write), said,
    make("div", { class: "chips" }, control.acting(say("go_on"), () => control.act(`${at}/continue`, {}), { title: `indistack run --continue ${session.name}` }), picked(session.name)),
  ].filter(Boolean);
}
