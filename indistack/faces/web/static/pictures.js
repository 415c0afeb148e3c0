// Which picture is on the screen: the newest, one that is stayed with, or one of the night; sharper where looked at closely.
const WHOLE_PAUSE_MS = 8000;

const loaded = async (address) => {
  const image = new Image();
  image.src = address;
  await (image.decode ? image.decode() : new Promise((done, fault) => Object.assign(image, { onload: done, onerror: fault })));
  return image;
};

export class Pictures {
  constructor(shown, under, viewer) {
    this.shown = shown;
    this.under = under;
    this.viewer = viewer;
    this.state = null;
    this.held = null;        // a picture of the night that is stayed with
    this.page = null;        // what is told of the picture on the screen
    this.whole = "";
    this.wholeAt = 0;
    this.turn = 0;
    this.after = () => {};
  }

  get newest() { return this.state?.pictures.at(-1) || null; }
  get first() { return this.state?.pictures[0] || null; }

  take(state) {
    const before = this.newest?.address;
    this.state = state;
    if (!this.newest) {
      this.page = null;
      this.shown.classList.remove("there");
      this.shown.removeAttribute("src");
    } else if (!this.held && this.newest.address !== before) this.show(this.newest);
  }

  hold(page) { this.held = page; return this.show(page); }
  follow() { this.held = null; if (this.newest) this.show(this.newest); }

  // A picture that comes while another one loads wins.
  async show(page) {
    const turn = ++this.turn;
    let image;
    try { image = await loaded(page.address); } catch { return; }
    if (turn !== this.turn) return;
    const wanted = this.viewer.zoomed && this.whole && !this.held;
    this.page = page;
    if (wanted) { this.sharpen(true); } else {
      this.shown.src = image.src;
      this.whole = "";
      if (!this.viewer.zoomed) this.viewer.size(image.naturalWidth, image.naturalHeight);
    }
    this.shown.classList.add("there");
    this.after();
  }

  // Loads the picture at full resolution where the one that is shown has fewer points than the screen.
  async sharpen(again = false) {
    const whole = this.state?.whole;
    if (!whole || this.held || this.whole === whole.address || !this.shown.naturalWidth) return;
    const points = this.viewer.width * this.viewer.scale * this.viewer.ratio;
    if (!again && (!this.viewer.zoomed || points < this.shown.naturalWidth * 1.1)) return;
    if (this.loading || Date.now() - this.wholeAt < WHOLE_PAUSE_MS) return;
    this.loading = true;
    try {
      const image = await loaded(whole.address);
      if (this.viewer.zoomed && !this.held) {
        this.shown.src = image.src;
        this.whole = whole.address;
        this.viewer.size(image.naturalWidth, image.naturalHeight);
      }
    } catch { /* there is a newer one already */ }
    this.wholeAt = Date.now();
    this.loading = false;
  }

  async single() {
    if (!this.first) return;
    try { this.under.src = (await loaded(this.first.address)).src; } catch { return; }
    this.under.classList.add("there");
  }
}
