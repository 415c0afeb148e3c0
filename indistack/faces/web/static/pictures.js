// Which picture is on the screen: the newest, one that is stayed with, or one of the night.
import { newest } from "./elements.js";

const AGAIN_MS = 3000;  // after which a picture that did not come is asked for again

export const loaded = async (address) => {
  const image = new Image();
  image.src = address;
  await (image.decode ? image.decode() : new Promise((done, fault) => Object.assign(image, { onload: done, onerror: fault })));
  return image;
};

export class Pictures {
  constructor(shown, under, viewer, tiles) {
    this.shown = shown;
    this.under = under;
    this.viewer = viewer;
    this.tiles = tiles;
    this.state = null;
    this.held = null;        // a picture of the night that is stayed with
    this.page = null;        // what is told of the picture on the screen
    this.turn = 0;
    this.coming = false;     // whether one loads that came by itself
    this.after = () => {};
  }

  get newest() { return (this.state && newest(this.state.pictures)) || null; }
  get first() { return (this.state && this.state.pictures[0]) || null; }

  take(state) {
    this.state = state;
    if (!this.newest) {
      this.turn++;
      this.page = null;
      this.tiles.drop();
      this.shown.classList.remove("there");
      this.shown.removeAttribute("src");
    } else if (!this.held && this.page && this.page.address === this.newest.address) this.closer(state.whole);
    else this.latest();
  }

  hold(page) { this.held = page; return this.show(page); }
  follow() { this.held = null; return this.latest(); }

  // Of what comes by itself one picture loads at a time, and the newest when it is there: else, where the network is
  // slower than the camera, each would be given up for the next and none ever be seen.
  async latest() {
    const { held, newest, page } = this;
    if (this.coming || held || !newest || (page && page.address === newest.address)) return;
    this.coming = true;
    const came = await this.show(newest);
    this.coming = false;
    if (came) await this.latest();
    else setTimeout(() => this.latest(), AGAIN_MS);
  }

  // Returns whether it could be loaded. What was asked for while it loaded wins.
  async show(page) {
    const turn = ++this.turn;
    let image;
    try { image = await loaded(page.address); } catch { return false; }
    if (turn !== this.turn) return true;
    this.page = page;
    this.shown.src = image.src;
    this.shown.classList.add("there");
    const whole = this.newest && page.address === this.newest.address ? this.state.whole : null;
    const { width, height } = this.full(image, whole);
    this.viewer.size(width, height, image.naturalWidth);
    this.tiles.take(whole);
    this.tiles.draw(image.naturalWidth);
    this.after();
    return true;
  }

  // The same picture is there finer, or no more.
  closer(whole) {
    if (whole && whole.width) this.viewer.size(whole.width, whole.height, this.shown.naturalWidth);
    this.tiles.take(whole);
  }

  // The size at full resolution. A picture of the night that stands beside it is shown as large.
  full(image, whole) {
    if (whole && whole.width) return whole;
    const width = Math.max(image.naturalWidth, this.viewer.width);
    return { width, height: (width * image.naturalHeight) / image.naturalWidth };
  }

  async single() {
    if (!this.first) return;
    try { this.under.src = (await loaded(this.first.address)).src; } catch { return; }
    this.under.classList.add("there");
  }
}
