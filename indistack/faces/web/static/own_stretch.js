// The reader's own stretch: a picture that holds the stack's dark in fine steps (companded) is undone and stretched here.
// By WebGL, or point by point where there is none. Both go through one table, which gives the mean of the colours its
// brightness; what the colours are beside it stays, or what is lifted would be grey. In the sky's noise there is no colour.
import { make } from "./elements.js";

export const STEEPNESS = 2000;  // of the compander, as the agent has it
const AGAIN_MS = 20000, STEPS = 256, SAMPLE = 96;
const NEUTRAL = { faint: 60, sky: 40, white: 0 };

// Light of 0 to 1 for each companded value.
export const LIGHT = Float64Array.from({ length: STEPS }, (_, at) => Math.sinh((at / (STEPS - 1)) * Math.asinh(STEEPNESS)) / STEEPNESS);

// Sky and its noise, of companded values.
export function measured(values) {
  const sorted = Float64Array.from(values, (value) => LIGHT[value]).sort();
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))] || 0;
  return { sky: at(0.5), noise: Math.max(at(0.5) - at(0.16), 1e-6) };
}

// The light that is shown black.
export const blackOf = ({ sky, noise }, wish) => Math.max(0, sky + (noise * (wish.sky - 70)) / 12);

// Brightness of 0 to 1 for each companded value.
export function curve(facts, wish) {
  const { noise } = facts, black = blackOf(facts, wish), white = Math.max(10 ** (-wish.white / 33), black + 20 * noise);
  const rise = (strength, x) => Math.asinh(strength * Math.min(1, Math.max(0, x))) / Math.asinh(strength);
  let low = 0, high = 6;
  for (let turn = 0; turn < 30; turn++) {  // that strength with which what is four times the noise above black has an eighth
    const middle = (low + high) / 2;
    if (rise(10 ** middle, (4 * noise) / (white - black)) < 0.125) low = middle; else high = middle;
  }
  const strength = 10 ** (low + (wish.faint - 50) / 25);
  return Float64Array.from(LIGHT, (light) => rise(strength, (light - black) / (white - black)));
}

export class OwnStretch {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.on = false;
    this.wish = { ...NEUTRAL };
    this.version = "";
    setInterval(() => this.on && !document.hidden && this.load(), AGAIN_MS);  // or the agent makes it no more
  }

  get ready() { return this.on && Boolean(this.image); }

  turn(on) {
    this.on = on;
    if (on) this.load();
    this.changed();
  }

  plain() {
    Object.assign(this.wish, NEUTRAL);
    if (this.on) this.turn(false);
  }

  // Told of every state: loads what is newer than what is shown.
  take(state) {
    if (this.on && state.own && state.own !== this.version) this.load();
  }

  async load() {
    if (this.loading) return;
    this.loading = true;
    try {
      const answer = await fetch("/api/v1/own-stretch", { cache: "no-cache" });
      const version = answer.ok ? answer.headers.get("etag") : "";
      if (!version || version === `"${this.version}"`) return;
      this.image = await pictureOf(await answer.blob());
      this.version = version.replace(/"/g, "");
      this.measure();
      this.draw();
    } catch { /* the next one may come through */ } finally {
      this.loading = false;
      this.changed();
    }
  }

  measure() {
    const small = make("canvas"), ink = small.getContext("2d", { willReadFrequently: true });
    small.width = small.height = SAMPLE;
    ink.imageSmoothingEnabled = false;
    ink.drawImage(this.image, 0, 0, SAMPLE, SAMPLE);
    this.facts = measured(ink.getImageData(0, 0, SAMPLE, SAMPLE).data.filter((_, at) => at % 4 === 1));
  }

  draw() {
    if (!this.image) return;
    const table = Uint8ClampedArray.from(curve(this.facts, this.wish), (brightness) => 255 * brightness);
    const { width, height } = this.image;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    if (!this.painter) this.painter = painterOf(this.canvas);
    this.painter(this.image, table, blackOf(this.facts, this.wish), this.facts.noise);
  }
}

async function pictureOf(blob) {
  if (window.createImageBitmap) return createImageBitmap(blob);
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode();
  URL.revokeObjectURL(image.src);
  return image;
}

function painterOf(canvas) {
  const gl = canvas.getContext("webgl", { preserveDrawingBuffer: true, antialias: false });  // kept for the postcard
  return (gl && byWebGl(gl)) || byPoints(canvas);
}

const POINTS = "attribute vec2 at; varying vec2 place; void main() { place = vec2(at.x, 1.0 - at.y); gl_Position = vec4(at * 2.0 - 1.0, 0.0, 1.0); }";
// Light stands here times the compander's steepness, of 0 to 2000: small numbers are too coarse on some phones.
const COLOURS = `
#ifdef GL_FRAGMENT_PRECISION_HIGH
precision highp float;
#else
precision mediump float;
#endif
varying vec2 place; uniform sampler2D companded, table; uniform float most, black, noise;
void main() {
  vec3 grown = exp(texture2D(companded, place).rgb * most), light = (grown - 1.0 / grown) * 0.5, over = max(light - black, 0.0);
  float mean = dot(light, vec3(1.0 / 3.0)), value = log(mean + sqrt(mean * mean + 1.0)) / most;
  float brightness = texture2D(table, vec2((value * 255.0 + 0.5) / 256.0, 0.5)).r, level = max(dot(over, vec3(1.0 / 3.0)), 1e-3);
  vec3 colour = mix(vec3(1.0), over / level, smoothstep(noise, 6.0 * noise, level)) * brightness;
  gl_FragColor = vec4(colour / max(1.0, max(colour.r, max(colour.g, colour.b))), 1.0);
}`;

function byWebGl(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, POINTS], [gl.FRAGMENT_SHADER, COLOURS]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(gl.getAttribLocation(program, "at"));
  gl.vertexAttribPointer(gl.getAttribLocation(program, "at"), 2, gl.FLOAT, false, 0, 0);
  const textures = ["companded", "table"].map((name, unit) => {
    gl.uniform1i(gl.getUniformLocation(program, name), unit);
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    for (const way of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, way, unit ? gl.LINEAR : gl.NEAREST);
    return texture;
  });
  const tell = (name, value) => gl.uniform1f(gl.getUniformLocation(program, name), value);
  tell("most", Math.asinh(STEEPNESS));
  let shown = null;
  return (image, table, black, noise) => {
    tell("black", black * STEEPNESS);
    tell("noise", noise * STEEPNESS);
    if (image !== shown) {
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, textures[0]);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, image);
      shown = image;
    }
    gl.activeTexture(gl.TEXTURE1);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.LUMINANCE, STEPS, 1, 0, gl.LUMINANCE, gl.UNSIGNED_BYTE, new Uint8Array(table));
    gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  };
}

function byPoints(canvas) {
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  const most = Math.asinh(STEEPNESS);
  return (image, table, black, noise) => {
    ink.drawImage(image, 0, 0);
    const points = ink.getImageData(0, 0, canvas.width, canvas.height), { data } = points, over = LIGHT.map((light) => Math.max(0, light - black) / 3);
    for (let at = 0; at < data.length; at += 4) {
      const red = data[at], green = data[at + 1], blue = data[at + 2], level = Math.max(over[red] + over[green] + over[blue], 1e-6);
      const value = Math.asinh(((LIGHT[red] + LIGHT[green] + LIGHT[blue]) / 3) * STEEPNESS) / most, step = Math.min(1, Math.max(0, (level / noise - 1) / 5));
      const share = step * step * (3 - 2 * step), of = (3 * share) / level, top = 1 - share + of * Math.max(over[red], over[green], over[blue]);
      const brightness = Math.min(table[Math.round((STEPS - 1) * value)], 255 / top);
      data[at] = (1 - share + of * over[red]) * brightness;
      data[at + 1] = (1 - share + of * over[green]) * brightness;
      data[at + 2] = (1 - share + of * over[blue]) * brightness;
    }
    ink.putImageData(points, 0, 0);
  };
}
