// The picture under fingers, wheel and keys: moved, enlarged up to four screen points for each of its own.
const MOST = 4;

export class Viewer {
  constructor(stage, layers, changed) {
    this.stage = stage;
    this.layers = layers;
    this.changed = changed;
    this.width = this.height = 0;  // of the layer: what the picture has at its own scale
    this.scale = this.fit = 1;
    this.x = this.y = 0;
    this.pointers = new Map();
    this.tapped = { at: 0, x: 0, y: 0 };
    for (const [name, act] of Object.entries({
      pointerdown: this.down, pointermove: this.move, pointerup: this.up, pointercancel: this.up, wheel: this.wheel, keydown: this.key,
    })) stage.addEventListener(name, act.bind(this), { passive: false });
    addEventListener("resize", () => this.refit());
  }

  get zoomed() { return this.scale > this.fit * 1.01; }
  get ratio() { return window.devicePixelRatio || 1; }

  // Takes the size of the whole picture, and how many points wide the small one is that stands for it; keeps the part
  // that is looked at where only the size has changed.
  size(width, height, natural = width) {
    if (width === this.width && height === this.height && natural === this.natural) return;
    const zoomed = this.width && this.zoomed, factor = this.width ? width / this.width : 1;
    this.width = width;
    this.height = height;
    this.natural = natural;
    for (const layer of this.layers) Object.assign(layer.style, { width: `${natural}px`, height: `${(height * natural) / width}px` });
    this.measure();
    if (zoomed) { this.scale /= factor; this.place(); } else this.reset();
  }

  measure() {
    const box = this.stage.getBoundingClientRect();
    this.box = box;
    this.fit = Math.min(box.width / this.width, box.height / this.height) || 1;
  }

  refit() {
    if (!this.width) return;
    const zoomed = this.zoomed, middle = [(this.box.width / 2 - this.x) / this.scale, (this.box.height / 2 - this.y) / this.scale];
    this.measure();
    if (!zoomed) return this.reset();
    this.x = this.box.width / 2 - middle[0] * this.scale;
    this.y = this.box.height / 2 - middle[1] * this.scale;
    this.place();
  }

  reset() {
    this.scale = this.fit;
    this.place();
  }

  place() {
    const most = Math.max(MOST / this.ratio, this.fit * 2);
    this.scale = Math.min(Math.max(this.scale, this.fit), most);
    const hold = (at, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at)));
    this.x = hold(this.x, this.width * this.scale, this.box.width);
    this.y = hold(this.y, this.height * this.scale, this.box.height);
    const scale = (this.scale * this.width) / this.natural;
    for (const layer of this.layers) layer.style.transform = `translate(${this.x}px,${this.y}px) scale(${scale})`;
    this.stage.classList.toggle("sharp", this.natural === this.width && this.scale * this.ratio > 2.5);
    this.changed(this);
  }

  zoom(factor, x, y) {
    const before = this.scale, most = Math.max(MOST / this.ratio, this.fit * 2);
    this.scale = Math.min(Math.max(before * factor, this.fit), most);
    const real = this.scale / before;
    this.x = x - (x - this.x) * real;
    this.y = y - (y - this.y) * real;
    this.place();
  }

  // To one screen point for each of the picture's, or back.
  toggle(x = this.box.width / 2, y = this.box.height / 2) {
    if (this.zoomed) this.reset();
    else this.zoom(Math.max(1 / this.ratio, this.fit * 2) / this.scale, x, y);
  }

  at(event) { return [event.clientX - this.box.left, event.clientY - this.box.top]; }

  down(event) {
    if (!this.width || event.button > 0) return;
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.at(event));
    this.stage.classList.add("moving");
    this.moved = 0;
  }

  move(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const now = this.at(event);
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    this.pointers.set(event.pointerId, now);
    this.moved = (this.moved || 0) + Math.hypot(now[0] - last[0], now[1] - last[1]);
    if (others.length === 1) {
      const [other] = others;
      const far = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
      this.zoom(far(now) / far(last), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else if (!others.length) {
      this.x += now[0] - last[0];
      this.y += now[1] - last[1];
      this.place();
    }
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (!this.pointers.size) this.stage.classList.remove("moving");
    if (event.type !== "pointerup" || this.moved > 12 || this.pointers.size) return;
    const [x, y] = this.at(event), last = this.tapped;
    if (event.timeStamp - last.at < 350 && Math.hypot(x - last.x, y - last.y) < 40) {
      this.tapped = { at: 0, x, y };
      this.toggle(x, y);
    } else {
      this.tapped = { at: event.timeStamp, x, y };
      this.stage.dispatchEvent(new Event("tap"));
    }
  }

  wheel(event) {
    if (!this.width) return;
    event.preventDefault();
    const [x, y] = this.at(event);
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0018)), x, y);
  }

  key(event) {
    if (!this.width || event.target !== this.stage || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = 80, middle = [this.box.width / 2, this.box.height / 2];
    const acts = {
      "+": () => this.zoom(1.4, ...middle), "=": () => this.zoom(1.4, ...middle), "-": () => this.zoom(1 / 1.4, ...middle),
      0: () => this.reset(), 1: () => this.zoom(1 / this.ratio / this.scale, ...middle), Enter: () => this.toggle(),
      ArrowLeft: () => { this.x += step; this.place(); }, ArrowRight: () => { this.x -= step; this.place(); },
      ArrowUp: () => { this.y += step; this.place(); }, ArrowDown: () => { this.y -= step; this.place(); },
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }
}
