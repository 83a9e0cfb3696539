// @ts-check
/** From pixels and maps to pictures: contrast, colours, peaks and rings. */

/** @typedef {'linear' | 'root' | 'log'} ScaleName */

/** @type {Record<ScaleName, (t: number, white: number) => number>} t in [0, 1] of white to brightness in [0, 1] */
const SCALES = {
  linear: (t) => t,
  root: (t) => Math.sqrt(t),
  log: (t, white) => Math.log1p(t * white) / Math.log1p(white),
};

const MASKED = [16, 24, 64];

/**
 * The value below which `share` of the live pixels lie.
 * @param {Uint16Array} pixels @param {Uint8Array} live @param {number} share
 */
export function quantile(pixels, live, share) {
  const counts = new Uint32Array(65536);
  let total = 0;
  for (let i = 0; i < pixels.length; i++) {
    if (live[i] === 0) continue;
    counts[pixels[i]]++;
    total++;
  }
  let left = share * total;
  let value = 0;
  while (value < 65535 && (left -= counts[value]) > 0) value++;
  return value;
}

/**
 * @param {Uint16Array} pixels @param {Uint8Array} live @param {number} width
 * @param {number} black @param {number} white above black @param {ScaleName} scale
 */
export function frameImage(pixels, live, width, black, white, scale) {
  const image = new ImageData(width, pixels.length / width);
  const span = white - black;
  const level = new Uint8ClampedArray(Math.ceil(white) + 1);
  for (let v = 0; v < level.length; v++)
    level[v] = 255 * SCALES[scale](Math.min(1, Math.max(0, (v - black) / span)), span);
  for (let i = 0; i < pixels.length; i++) {
    const grey = level[Math.min(pixels[i], level.length - 1)];
    const [r, g, b] = live[i] === 0 ? MASKED : [grey, grey, grey];
    image.data.set([r, g, b, 255], 4 * i);
  }
  return image;
}

/**
 * Evidence levels in colour; strong evidence is less transparent, so that the frame stays visible.
 * @param {Uint8Array} levels @param {number} width @param {[number, number, number][]} palette
 */
export function evidenceImage(levels, width, palette) {
  const image = new ImageData(width, levels.length / width);
  for (let i = 0; i < levels.length; i++) {
    const [r, g, b] = palette[levels[i]];
    image.data.set([r, g, b, levels[i]], 4 * i);
  }
  return image;
}

/** @param {string} text base64 */
export const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/**
 * Circles around peaks, dark under bright so that they show on any ground.
 * @param {CanvasRenderingContext2D} context @param {import('./api.js').Spot[]} spots
 * @param {(y: number, x: number) => [number, number]} place canvas place of a pixel's centre @param {number} radius
 */
export function drawSpots(context, spots, place, radius) {
  for (const [width, colour] of /** @type {const} */ ([
    [3, '#000'],
    [1.5, '#3df56b'],
  ])) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    for (const spot of spots) {
      const [px, py] = place(spot.y, spot.x);
      context.beginPath();
      context.arc(px, py, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {import('./api.js').Rings} rings
 * @param {(y: number, x: number) => [number, number]} place @param {number} zoom canvas pixels of one pixel
 */
export function drawRings(context, { x, y, rings }, place, zoom) {
  const [px, py] = place(y, x);
  context.font = '12px system-ui, sans-serif';
  context.textAlign = 'center';
  context.lineWidth = 1;
  context.setLineDash([5, 4]);
  for (const { radius, label } of rings) {
    context.strokeStyle = '#7fd0ff';
    context.beginPath();
    context.arc(px, py, radius * zoom, 0, 2 * Math.PI);
    context.stroke();
    // The label stands where the ring crosses the diagonal, on a dark ground of its own.
    const [tx, ty] = [px + radius * zoom * Math.SQRT1_2, py - radius * zoom * Math.SQRT1_2];
    context.fillStyle = '#000b';
    const { width } = context.measureText(label);
    context.fillRect(tx - width / 2 - 3, ty - 9, width + 6, 16);
    context.fillStyle = '#bfe6ff';
    context.fillText(label, tx, ty + 3);
  }
  context.setLineDash([]);
}
