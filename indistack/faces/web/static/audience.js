// The page of the audience: puts picture, words and panels together.
import { $, fill, make } from "./elements.js";
import { Feed } from "./feed.js";
import * as panels from "./panels.js";
import { OwnStretch } from "./own_stretch.js";
import { Pictures } from "./pictures.js";
import { hasPicture, light, live, notice, welcome } from "./sentences.js";
import { Tiles } from "./tiles.js";
import { Viewer } from "./viewer.js";
import { kept, number, photos, preferred, say, use } from "./words.js";

const root = document.documentElement;
const BESIDE = ["adjust", "grow"];  // the sheets that one looks past

class Page {
  constructor() {
    this.connected = true;
    this.panel = "";
    this.player = null;
    this.offset = 0;
    this.viewer = new Viewer($("stage"), [$("layer"), $("under")], () => this.zoomed());
    this.tiles = new Tiles($("close"), this.viewer, () => this.told());
    this.pictures = new Pictures($("picture"), $("single"), this.viewer, this.tiles);
    this.own = new OwnStretch($("own"), () => this.stretched());
    this.pictures.after = () => this.words();
    for (const each of $("bar").children) each.addEventListener("click", () => this.press(each.dataset.do));
    $("sheet-close").addEventListener("click", () => this.close());
    $("zoom-out").addEventListener("click", () => this.viewer.reset());
    $("show-newer").addEventListener("click", () => this.stay(false));
    $("stage").addEventListener("tap", () => (root.classList.contains("projector") ? this.projector(false) : this.close()));
    addEventListener("keydown", (event) => event.key === "Escape" && (this.close(), this.projector(false)));
    document.addEventListener("fullscreenchange", () => document.fullscreenElement || this.projector(false));
    addEventListener("resize", () => this.measure());
    addEventListener("popstate", () => this.gone());
    this.slider();
    this.night(kept("night") === "1");
    setInterval(() => this.state && this.line(), 1000);
  }

  get state() { return this.pictures.state; }

  async start() {
    if ((history.state || {}).sheet) history.replaceState(null, "");  // of a page that was loaded again
    await this.speak(preferred());
    this.feed = new Feed((state) => this.take(state), (connected) => this.link(connected));
  }

  async speak(name) {
    await use(name);
    for (const each of $("bar").children) each.lastElementChild.textContent = say(each.dataset.do);
    $("sheet-close").setAttribute("aria-label", say("close"));
    $("bar").setAttribute("aria-label", say("tools"));
    $("stage").setAttribute("aria-label", say("stage_help"));
    $("show-newer").textContent = say("show_newer");
    if (this.panel) this.open(this.panel);
    if (this.state) this.words();
    this.measure();
  }

  link(connected) {
    this.connected = connected;
    if (this.state) this.line();
  }

  take(state) {
    if (state.now) this.offset = Date.now() - Date.parse(state.now);
    this.pictures.take(state);
    this.own.take(state);
    this.words();
  }

  words() {
    this.stretched();
    const { state } = this, page = this.pictures.page || this.pictures.newest;
    $("target").textContent = hasPicture(state) ? state.target || say("unknown_target") : "";
    $("light").textContent = page ? light(page) : "";
    $("picture").alt = page ? say("picture_alt", { target: state.target || say("unknown_target"), light: light(page) }) : "";
    document.title = state.target ? `${state.target} – indistack` : "indistack";
    $("stage").classList.toggle("waiting", hasPicture(state) && !this.pictures.page);
    const told = notice(state);
    $("notice").hidden = !told;
    $("notice").textContent = told;
    $("welcome").hidden = hasPicture(state);
    if (!hasPicture(state)) this.welcome(welcome(state));
    for (const each of $("bar").children) {
      const alone = each.dataset.do === "compare" && state.pictures.length < 2;  // with itself
      each.disabled = alone || (!hasPicture(state) && ["compare", "grow", "adjust"].includes(each.dataset.do));
    }
    const { held, newest } = this.pictures;
    $("newer").hidden = !held || !newest || this.panel === "grow" || held.address === newest.address;
    this.sides();
    this.line();
  }

  welcome({ title, steps, hint }) {
    $("welcome-title").textContent = title;
    $("welcome-hint").textContent = hint;
    const at = steps.findIndex(([, done]) => !done);
    fill($("steps"), ...steps.map(([text, done], place) => make("li", { text, class: done ? "done" : place === at ? "now" : "" })));
  }

  line() {
    const { last } = this.state;
    const ageS = last && last.time ? (Date.now() - this.offset - Date.parse(last.time)) / 1000 : null;
    const [text, kind] = live(this.state, this.connected, ageS);
    if ($("live-text").textContent !== text) $("live-text").textContent = text;
    $("dot").className = kind;
  }

  press(name) {
    if (name === "compare") return this.compare($("left").hidden);
    if (this.panel === name) this.close();
    else this.open(name);
  }

  open(name) {
    if (this.panel === "grow" && name !== "grow") this.pictures.follow();
    this.player = null;
    this.panel = name;
    this.compare(false);
    $("sheet-title").textContent = say(name);
    fill($("sheet-body"), ...panels[name](this));
    $("sheet").hidden = false;
    if (!(history.state || {}).sheet) history.pushState({ sheet: true }, "");
    $("sheet").focus({ preventScroll: true });
    this.measure();
    this.pressed();
  }

  // How high the bar is depends on the letters that the reader wants.
  measure() {
    root.style.setProperty("--bar", `${$("bar").offsetHeight}px`);
    if (this.panel) this.room();
  }

  // The way back of the browser, or of the phone, closes the sheet instead of leaving the page.
  gone() {
    const isOurs = this.leaving;
    this.leaving = false;
    if (!isOurs && this.panel) this.close();
  }

  // Where the sheet changes the picture, it leaves it room: above, or at the left where the sheet stands at the right.
  room() {
    const beside = BESIDE.includes(this.panel), { style } = $("stage");
    root.classList.toggle("beside", beside);
    style.right = style.bottom = "";
    if (beside) {
      const sheet = $("sheet").getBoundingClientRect();
      if (sheet.left > innerWidth / 3) style.right = `${innerWidth - sheet.left}px`;
      else style.bottom = `${innerHeight - sheet.top}px`;
    }
    this.viewer.refit();
  }

  close() {
    if (this.panel === "grow") { this.player = null; this.pictures.follow(); }
    const opener = this.panel && $("bar").querySelector(`[data-do=${this.panel}]`);
    if (opener && $("sheet").contains(document.activeElement)) opener.focus();
    if (this.panel && (history.state || {}).sheet) { this.leaving = true; history.back(); }
    this.panel = "";
    $("sheet").hidden = true;
    this.room();
    this.pressed();
  }

  pressed() {
    for (const each of $("bar").children) {
      const on = each.dataset.do === this.panel || (each.dataset.do === "compare" && !$("left").hidden);
      each.setAttribute("aria-pressed", String(on));
    }
  }

  async compare(on) {
    if (on) { this.close(); await this.pictures.single(); }
    for (const id of ["left", "divider", "side-left", "side-right"]) $(id).hidden = !on;
    if (on) { this.split(50); this.sides(); }
    this.pressed();
  }

  sides() {
    const { first, page } = this.pictures;
    if (!first || !page) return;
    $("side-left").textContent = photos(first.n_subs);
    $("side-right").textContent = say("together", { photos: photos(page.n_subs) });
  }

  split(percent) {
    const at = Math.min(100, Math.max(0, percent));
    $("left").style.width = $("divider").style.left = `${at}%`;
    $("divider").setAttribute("aria-valuenow", String(Math.round(at)));
    $("divider").setAttribute("aria-label", say("compare_slider"));
  }

  slider() {
    const handle = $("divider");
    handle.addEventListener("pointerdown", (event) => { event.stopPropagation(); handle.setPointerCapture(event.pointerId); });
    handle.addEventListener("pointermove", (event) => {
      event.stopPropagation();
      const { left, width } = this.viewer.box;
      if (handle.hasPointerCapture(event.pointerId)) this.split((100 * (event.clientX - left)) / width);
    });
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -5, ArrowRight: 5, Home: -100, End: 100 }[event.key];
      if (step) { event.preventDefault(); this.split(Number(handle.getAttribute("aria-valuenow")) + step); }
    });
  }

  stay(on) {
    if (on) this.pictures.hold(this.pictures.newest);
    else this.pictures.follow();
    this.close();
    this.words();
  }

  zoomed() {
    const { viewer } = this;
    $("zoom").hidden = !viewer.zoomed;
    if (this.tiles) this.tiles.draw();
    this.told();
  }

  told() {
    const { viewer } = this;
    const n = number(100 * viewer.scale * viewer.ratio), seen = this.tiles ? this.tiles.seen : 0, page = this.pictures && this.pictures.page;
    const words = seen && page && seen !== page.n_subs ? say("zoomed_of", { n, photos: photos(seen) }) : say("zoomed", { n });
    if ($("zoom-out").textContent !== words) $("zoom-out").textContent = words;
  }

  applyLook() {
    $("right").style.filter = $("left").style.filter = panels.filter();
  }

  // The own stretch is of the newest picture: it goes while another one is looked at.
  stretched() {
    const { page, newest } = this.pictures, isNewest = Boolean(page && newest) && page.address === newest.address;
    this.own.canvas.hidden = !this.own.ready || !isNewest;
    this.tiles.off = !this.own.canvas.hidden;
    this.tiles.draw();
    if (this.panel === "adjust" && this.own.ready !== this.stretchShown) this.open("adjust");
  }

  night(on) {
    root.classList.toggle("night", on);
    kept("night", on ? "1" : "0");
  }

  projector(on) {
    if (on === root.classList.contains("projector")) return;
    root.classList.toggle("projector", on);
    this.close();
    $("corner").hidden = true;
    if (on) {
      if (root.requestFullscreen) root.requestFullscreen().catch(() => {});
      fetch("/api/v1/invitation").then((answer) => answer.json()).then((told) => {
        $("corner").src = "/api/v1/qr.svg";
        $("corner").alt = say("qr_alt");
        $("corner").hidden = !told.open || !root.classList.contains("projector");
      }).catch(() => {});
    } else if (document.fullscreenElement) document.exitFullscreen();
    setTimeout(() => this.viewer.refit(), 300);
  }
}

window.page = new Page();
window.page.start();
