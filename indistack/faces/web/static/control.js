// What changes something: the token, and the controls, which are made of what the agent's commands say of themselves.
import { $, fill, make } from "./elements.js";
import { kept, knows, number, say } from "./words.js";

const SURE = ["new", "finish", "drop", "undo"];  // asked twice
const OWN = ["set", "remove", "readmit", "comet", "box"];        // have a place of their own
const LOOK = ["picture.operators", "picture.sky", "picture.black", "picture.white", "picture.saturation"];  // and so have these
const SURE_MS = 4000;

let token = kept("token") || "";

export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  token = given;
  history.replaceState(null, "", location.pathname);  // it is for nobody's list of visited pages
}

export async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", body: JSON.stringify(body), cache: "no-store",
    headers: { "content-type": "application/json", ...headers() },
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(told.fault || `refused (${answer.status})`), { status: answer.status });
  return told;
}

// Reads what is for those only who have the token.
export async function ask(path) {
  const answer = await fetch(path, { headers: headers(), cache: "no-store" });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(told.fault || `refused (${answer.status})`), { status: answer.status });
  return told;
}

const headers = () => ({ authorization: `Bearer ${token}` });

// Saves a file that is given to those only who have the token.
export async function save(path) {
  show("…", false);
  try {
    const answer = await fetch(path, { headers: headers() });
    if (!answer.ok) throw new Error((await answer.json()).fault);
    const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition")) || ["", "sub"];
    const link = make("a", { href: URL.createObjectURL(await answer.blob()), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    show(name, false);
  } catch (fault) { show(fault.message, true); }
}

const named = (kind, name, otherwise) => (knows(`${kind}_${name}`) ? say(`${kind}_${name}`) : otherwise);

function show(text, isFault) {
  $("answer").textContent = text;
  $("answer").className = isFault ? "fault" : "";
}

// What is told travels in the queue of the frames: where many wait, the answer takes a while.
let waiting = 0;
export const queue = (count) => { waiting = count; };

export const send = (command) => act("/api/v1/commands", command, waiting > 1 ? say("behind", { n: number(waiting) }) : "…");

// Asks for something to be done, and shows what came of it; returns whether it was.
export async function act(path, body, meanwhile = "…") {
  show(meanwhile, false);
  try { show((await post(path, body)).said, false); } catch (fault) {
    show(fault.message, true);
    if (fault.status === 401) lock();
    return false;
  }
  return true;
}

export const isOpen = () => Boolean(token) && document.body.classList.contains("open");

export function lock() {
  document.body.classList.remove("open");
  $("key").textContent = say("unlock_long");
  for (const each of document.querySelectorAll(".needs-key")) each.disabled = true;
}

export async function unlock(given) {
  if (given !== undefined) token = given;
  if (!token) return lock();
  try {
    await post("/api/v1/key", {});
    kept("token", token);
    document.body.classList.add("open");
    $("unlock").hidden = true;
    $("key").textContent = say("lock");
    for (const each of document.querySelectorAll(".needs-key")) each.disabled = false;
  } catch (fault) {
    if (given !== undefined) $("unlock-said").textContent = fault.message;
    return lock();
  }
  return undefined;
}

// A button that acts at once, or at the second press where much would be lost.
export function acting(label, act, { sure = false, title = "" } = {}) {
  const button = make("button", { type: "button", class: "chip needs-key", title, text: label });
  button.disabled = !isOpen();
  button.addEventListener("click", () => {
    if (!sure || button.classList.contains("sure")) { act(); return rest(); }
    button.classList.add("sure");
    button.textContent = say("sure", { what: label });
    setTimeout(rest, SURE_MS);
  });
  const rest = () => { button.classList.remove("sure"); button.textContent = label; };
  return button;
}

export async function commands() {
  const { commands: every } = await (await fetch("/api/v1/commands")).json();
  const made = every.filter(({ command }) => !OWN.includes(command)).map((each) => {
    const options = { sure: SURE.includes(each.command), title: each.meaning }, label = named("command", each.command, each.label);
    if (!each.arguments.length) return acting(label, () => send({ command: each.command }), options);
    const inputs = each.arguments.map((argument) => make("input", {
      name: argument.name, placeholder: named(`asked_${each.command}`, argument.name, argument.meaning), "aria-label": `${label}: ${argument.meaning}`, class: "needs-key",
      type: argument.kind === "number" ? "number" : "text", maxlength: String(argument.max_letters),
    }));
    const act = () => send({ command: each.command, ...Object.fromEntries(inputs.map((input, at) => [input.name, read(each.arguments[at], input.value)])) });
    return make("form", { on: { submit: (event) => event.preventDefault() } }, acting(label, act, options), ...inputs);
  });
  fill($("commands"), ...made);
}

function read(argument, text) {
  if (argument.kind === "number") return Number(text);
  if (argument.kind !== "table") return text;
  return Object.fromEntries(text.split(/\s+/).filter(Boolean).map((word) => {
    const [name, ...value] = word.split("=");
    return [name, plain(value.join("="))];
  }));
}

const plain = (text) => (text === "true" ? true : text === "false" ? false : text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text);

const fields = new Map();
let known = new Map();

export async function settings() {
  const { settings: every } = await (await fetch("/api/v1/settings")).json();
  known = new Map(every.map((setting) => [setting.name, setting]));
  const groups = new Map();
  for (const each of every.filter(({ name }) => !LOOK.includes(name))) {
    const group = each.name.split(".")[0];
    groups.set(group, [...(groups.get(group) || []), each]);
  }
  fill($("settings"), ...[...groups].map(([name, of]) => make("fieldset", {}, make("legend", { text: say(`group_${name}`) }), ...of.map(field))));
}

export const setting = (name) => known.get(name);

function field(setting) {
  const facts = { class: "needs-key", title: setting.meaning };
  const input = setting.kind === "choice"
    ? make("select", facts, ...setting.choices.map((choice) => make("option", { value: choice, text: choice })), setting.may_be_off && make("option", { value: "off", text: "off" }))
    : make("input", { ...facts, type: setting.kind === "switch" ? "checkbox" : "text", inputmode: setting.kind === "number" || setting.kind === "whole" ? "decimal" : "text" });
  input.disabled = !isOpen();
  input.addEventListener("change", async () => {
    const value = wished(setting, input);
    if (value === undefined) show(say("no_number", { text: input.value }), true);
    if (value === undefined || !(await send({ command: "set", name: setting.name, value }))) display(setting, input);
  });
  fields.set(setting.name, [setting, input]);
  const unit = setting.unit ? ` (${setting.unit})` : "";
  const label = named("setting", setting.name.replace(".", "_"), setting.label);
  return make("label", { class: setting.kind === "switch" ? "switch" : "" }, setting.kind === "switch" && input, make("span", { text: label + unit, title: setting.meaning }), setting.kind !== "switch" && input);
}

// The value that a field asks for; undefined where a number is asked for and none stands there. An empty field is none.
function wished(setting, input) {
  const text = input.value.trim(), isNumber = setting.kind === "number" || setting.kind === "whole";
  if (setting.kind === "switch") return input.checked;
  if (setting.kind === "words") return text.split(/[\s,]+/).filter(Boolean);
  if (setting.may_be_off && (text.toLowerCase() === "off" || (!text && setting.default === null))) return null;
  if (!isNumber) return input.value;
  const value = Number(text.replace(",", "."));
  return text && Number.isFinite(value) ? value : undefined;
}

let force = {};

// Shows what is in force, but not over what is just being typed.
export function inForce(told) {
  force = told;
  for (const [setting, input] of fields.values()) if (input !== document.activeElement || setting.kind === "switch") display(setting, input);
}

function display(setting, input) {
  const value = setting.name in force ? force[setting.name] : setting.default;
  if (setting.kind === "switch") input.checked = value === true;
  else input.value = value === null ? "off" : Array.isArray(value) ? value.join(", ") : String(value);
}
