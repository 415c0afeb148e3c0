// What the page says, in the reader's language; catalogues are in lang/.
import { given } from "./elements.js";

export const LANGUAGES = { en: "English", fr: "Français", de: "Deutsch", es: "Español", it: "Italiano" };

// Before 2019 some browsers know no plural rules: all five languages have one and other.
const rulesOf = (name) => (Intl.PluralRules ? new Intl.PluralRules(name) : { select: (count) => (count === 1 ? "one" : "other") });

let catalogue = {}, plurals = rulesOf("en"), language = "en";

const kept = (name, value) => {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch { /* a private window keeps nothing */ }
  return null;
};
export { kept };

export const current = () => language;

export function preferred() {
  const wanted = [new URLSearchParams(location.search).get("lang"), kept("language"), ...navigator.languages];
  return wanted.map((each) => (each || "").slice(0, 2).toLowerCase()).find((each) => each in LANGUAGES) || "en";
}

// Has the words of a language; those of the console besides, where it is told of their folder.
export async function use(name, ...folders) {
  const told = await Promise.all(["", ...folders].map(async (folder) => (await fetch(`/static/lang/${folder}${name}.json`)).json()));
  catalogue = Object.assign({}, ...told);
  language = name;
  plurals = rulesOf(name);
  document.documentElement.lang = name;
}

// The text of a key, with its {values}; one with forms takes that of `count`.
export function say(key, values = {}) {
  let text = catalogue[key];
  if (text === undefined) return key;
  if (typeof text === "object") text = text[plurals.select(values.count)] || text.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => given(values[name], ""));
}

// Gives the elements of the markup their words.
export function translate() {
  for (const each of document.querySelectorAll("[data-say]")) each.textContent = say(each.dataset.say);
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", say(each.dataset.label));
}

export const knows = (key) => key in catalogue;

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);

// A span of time in words: seconds below two minutes, then minutes, then hours and minutes.
export function span(seconds) {
  if (seconds < 120) return say("seconds", { count: Math.round(seconds), n: number(seconds, seconds < 3 ? 1 : 0) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return say("minutes", { count: minutes, n: number(minutes) });
  const hours = say("hours", { count: Math.floor(minutes / 60), n: number(Math.floor(minutes / 60)) });
  return minutes % 60 ? `${hours} ${say("minutes", { count: minutes % 60, n: number(minutes % 60) })}` : hours;
}

export function ago(seconds) {
  const days = Math.round(seconds / 86400);
  return say("ago", { span: days < 2 ? span(seconds) : say("days", { count: days, n: number(days) }) });
}

export const photos = (count) => say("photos", { count, n: number(count) });
