// The part of the picture that is looked at, at full resolution: tiles on a canvas as large as the screen.
const MOST_POINTS = 16e6;  // of the picture on the screen at once: an old phone has memory for so many, a 4K screen needs 8
const KEPT = 24;           // tiles beyond those on the screen, to come back to
const PAUSE_MS = 8000;     // between two pictures whose tiles are loaded
const AGAIN_MS = 3000;     // after which a tile that did not come is asked for again

export class Tiles {
  constructor(canvas, viewer, drawn) {
    this.drawn = drawn;    // is told when there is something else to be seen
    this.canvas = canvas;
    this.ink = canvas.getContext("2d");
    this.viewer = viewer;
    this.whole = null;     // the picture that is drawn
    this.next = null;      // a newer one whose tiles are loading
    this.newest = null;
    this.takenAt = 0;
    this.known = new Map();
  }

  // Takes a picture as the state tells of it; the one before stays until all of the newer one's tiles are there.
  take(whole) {
    if (!whole || !whole.tiles) return this.drop();
    this.newest = whole;
    if (whole.tiles === (this.next || this.whole || {}).tiles) return;
    const waitMs = this.canvas.hidden ? 0 : this.takenAt + PAUSE_MS - Date.now();
    clearTimeout(this.timer);
    if (waitMs > 0) { this.timer = setTimeout(() => this.take(this.newest), waitMs); return; }
    this.takenAt = Date.now();
    if (this.canvas.hidden) { this.whole = whole; this.next = null; this.known.clear(); } else this.next = whole;
    this.draw();
  }

  drop() {
    clearTimeout(this.timer);
    this.whole = this.next = this.newest = null;
    this.known.clear();
    this.draw();
  }

  // Whether the small picture has fewer points than the screen, and the part on the screen is not too large. Who asks
  // for tiles has the agent make them as fine as the stack is, also where they are no finer than the small picture yet.
  wanted(natural) {
    const { viewer } = this, screen = Math.min(viewer.box.width / viewer.scale, viewer.width) * Math.min(viewer.box.height / viewer.scale, viewer.height);
    return viewer.zoomed && screen <= MOST_POINTS && viewer.width * viewer.scale * viewer.ratio > natural * 1.1;
  }

  // Photos in the picture whose tiles are on the screen; 0 where none are.
  get seen() { return this.canvas.hidden || !this.whole ? 0 : this.whole.n_subs || 0; }

  places(whole) {
    const { viewer } = this, [wide, high] = whole.tile, factor = viewer.width / whole.width, found = [];
    const from = (at, size) => Math.max(0, Math.floor(-at / viewer.scale / factor / size));
    const to = (at, room, size, most) => Math.min(Math.ceil(most / size), Math.ceil((room - at) / viewer.scale / factor / size));
    for (let row = from(viewer.y, high); row < to(viewer.y, viewer.box.height, high, whole.height); row++) {
      for (let column = from(viewer.x, wide); column < to(viewer.x, viewer.box.width, wide, whole.width); column++) found.push([column, row]);
    }
    return found;
  }

  // Draws what is there and asks for what is not.
  draw(natural = this.natural) {
    this.natural = natural;
    const { canvas, viewer } = this, shown = Boolean(!this.off && this.whole && natural && this.wanted(natural));
    canvas.hidden = !shown;
    if (!shown) return;
    const width = Math.round(viewer.box.width * viewer.ratio), height = Math.round(viewer.box.height * viewer.ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    if (this.next && this.places(this.next).every(([column, row]) => this.tile(this.next, column, row).done)) {
      this.whole = this.next;
      this.next = null;
    }
    this.ink.clearRect(0, 0, width, height);
    this.ink.imageSmoothingEnabled = viewer.scale * viewer.ratio <= 2.5;
    this.complete = true;
    for (const [column, row] of this.places(this.whole)) this.paint(this.tile(this.whole, column, row), column, row);
    this.forget();
    this.drawn();
  }

  paint(tile, column, row) {
    if (!tile.there) { this.complete = this.complete && tile.done; return; }
    const { viewer, whole } = this, [wide, high] = whole.tile, factor = (viewer.width / whole.width) * viewer.scale * viewer.ratio;
    const edge = (start, size) => Math.round(start * viewer.ratio + size * factor);
    const left = edge(viewer.x, column * wide), top = edge(viewer.y, row * high);
    const right = edge(viewer.x, Math.min((column + 1) * wide, whole.width)), bottom = edge(viewer.y, Math.min((row + 1) * high, whole.height));
    this.ink.drawImage(tile.image, left, top, right - left, bottom - top);
  }

  tile(whole, column, row) {
    const address = `${whole.tiles}${column}-${row}.jpg`;
    let tile = this.known.get(address);
    if (tile) this.known.delete(address);  // the one used last stands last
    else {
      tile = { image: new Image(), there: false, done: false };
      const end = (there) => {
        tile.there = there;
        tile.done = true;
        if (!there) setTimeout(() => this.known.get(address) === tile && this.known.delete(address), AGAIN_MS);
        this.soon();
      };
      tile.image.onload = () => end(true);
      tile.image.onerror = () => end(false);
      tile.image.src = address;
    }
    this.known.set(address, tile);
    return tile;
  }

  forget() {
    const needed = this.places(this.whole).length * (this.next ? 2 : 1) + KEPT;
    for (const address of this.known.keys()) {
      if (this.known.size <= needed) break;
      const { image } = this.known.get(address);
      image.onload = image.onerror = null;
      image.removeAttribute("src");
      this.known.delete(address);
    }
  }

  soon() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => { this.asked = 0; this.draw(); });
  }
}
