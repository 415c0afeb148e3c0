// How things stand, in one sentence each, honest where something is not known.
import { ago, knows, number, photos, say, span } from "./words.js";

const ENDED = ["stopped", "gone", "none"];
export const MANY_REFUSED = 3;
const FRESH_S = 20;  // a connection that is lost for a moment is nobody's business

export const light = (page) =>
  page.n_subs
    ? `${photos(page.n_subs)} · ${page.exposure_s > 0 ? say("of_light", { span: span(page.exposure_s) }) : say("light_unknown")}`
    : "";

export const hasPicture = (state) => state.pictures.length > 0;

const camera = (state) => (state.sources.find((source) => source.device) || {}).device || "";
const folder = (state) => (state.sources.find((source) => source.folder) || {}).folder || "";
const reached = (state) => Boolean(folder(state)) || state.sources.some((source) => source.connected);

export const reason = (word) => say(knows(`why_${word}`) ? `why_${word}` : word.endsWith("_changed") ? "why_changed" : "why_other", { word: word.replace(/_/g, " ") });

// [what, "on" | "bad" | ""]: the line above the target.
export function live(state, connected, ageS) {
  if (!connected) return [say("offline"), "bad"];
  if (state.agent === "none") return [say("not_started"), ""];
  if (state.agent === "gone") return [say("gone"), "bad"];
  if (state.agent === "stopped") return [say("finished"), ""];
  if (state.agent === "paused") return [say("paused"), ""];
  const fresh = state.waiting > 0 || (ageS !== null && ageS < FRESH_S);
  if (!reached(state) && !fresh) return [say("no_server"), "bad"];
  if (ageS === null) return [say("live"), "on"];
  if (ageS < 3) return [say("just_now"), "on"];
  return [say("live_last", { ago: ago(ageS) }), "on"];
}

// Why nothing is added, after three refusals in a row; "" where there is nothing to say.
export function notice(state) {
  if (state.disk) return say("disk");
  const row = state.refused_in_a_row;
  if (ENDED.includes(state.agent) || row.length < MANY_REFUSED) return "";
  return say("left_out", { count: row.length, n: number(row.length), why: reason(row[0]) });
}

// What a beginner sees before the first picture: title, steps with how far they are, and a hint.
export function welcome(state) {
  const started = !ENDED.includes(state.agent);
  const found = started && Boolean(camera(state) || folder(state));
  const came = state.sources.some((source) => source.frames > 0) || Boolean(state.last);
  const steps = [
    [say("step_program"), started],
    [folder(state) ? say("step_folder", { name: folder(state) }) : camera(state) ? say("step_camera_is", { name: camera(state) }) : say("step_camera"), found],
    [say("step_photo"), found && came],
    [say("step_picture"), false],
  ];
  const titles = [started, found, came].indexOf(false);
  const hints = [
    state.agent === "stopped" ? "hint_ended" : "hint_program", reached(state) ? "hint_camera" : "hint_server",
    folder(state) ? "hint_folder" : "hint_photo",
  ];
  return {
    title: say(["title_program", "title_camera", "title_photo"][titles] || "title_picture"),
    hint: say(hints[titles] || "hint_picture", { server: (state.sources[0] || {}).server || "" }),
    steps,
  };
}
