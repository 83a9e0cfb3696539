// @ts-check
/** A canvas that shows a frame with its evidence, peaks and rings; several share one zoom. */
import { drawRings, drawSpots } from './paint.js';

/**
 * Where the frame stands: canvas pixels of one frame pixel over the whole-frame fit, and the frame pixel in the middle.
 * @typedef {{ zoom: number, x: number, y: number }} Camera
 * @typedef {{ frame: ImageBitmap | null, evidence: ImageBitmap | null, opacity: number,
 *   spots: import('./api.js').Spot[], rings: import('./api.js').Rings | null }} Scene
 */

const LARGEST_ZOOM = 40;

/** @param {number} height @param {number} width @returns {Camera} */
export const wholeFrame = (height, width) => ({ zoom: 1, x: width / 2, y: height / 2 });

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{ height: number, width: number, camera: () => Camera, move: (camera: Camera) => void,
 *   point: (y: number, x: number) => void }} options `point` is told of the pixel under the pointer
 */
export function createViewer(canvas, { height, width, camera, move, point }) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const fit = () => Math.min(canvas.clientWidth / width, canvas.clientHeight / height);

  /** @param {Camera} wanted */
  const clamp = ({ zoom, x, y }) => ({
    zoom: Math.min(LARGEST_ZOOM, Math.max(1, zoom)),
    x: Math.min(width, Math.max(0, x)),
    y: Math.min(height, Math.max(0, y)),
  });

  /** The place in the frame under a place on the canvas. @param {number} px @param {number} py */
  function frameAt(px, py) {
    const { zoom, x, y } = camera();
    const scale = zoom * fit();
    return { x: x + (px - canvas.clientWidth / 2) / scale, y: y + (py - canvas.clientHeight / 2) / scale };
  }

  /** Zooms by `factor` and keeps the frame under (px, py) where it is. @param {number} factor @param {number} [px] @param {number} [py] */
  function zoomBy(factor, px = canvas.clientWidth / 2, py = canvas.clientHeight / 2) {
    const under = frameAt(px, py);
    const { zoom } = clamp({ ...camera(), zoom: camera().zoom * factor });
    const scale = zoom * fit();
    const x = under.x - (px - canvas.clientWidth / 2) / scale;
    const y = under.y - (py - canvas.clientHeight / 2) / scale;
    move(zoom === 1 ? wholeFrame(height, width) : clamp({ zoom, x, y }));
  }

  /** By canvas pixels. @param {number} dx @param {number} dy */
  function panBy(dx, dy) {
    const { zoom, x, y } = camera();
    const scale = zoom * fit();
    if (zoom > 1) move(clamp({ zoom, x: x - dx / scale, y: y - dy / scale }));
  }

  /** @param {Scene} scene */
  function draw(scene) {
    const ratio = window.devicePixelRatio;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    const { zoom, x, y } = camera();
    const scale = zoom * fit();
    const left = canvas.clientWidth / 2 - x * scale;
    const top = canvas.clientHeight / 2 - y * scale;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    // Pixels stay square where they are seen; the map is smooth by nature.
    context.imageSmoothingEnabled = scale < 1;
    if (scene.frame !== null) context.drawImage(scene.frame, left, top, width * scale, height * scale);
    context.imageSmoothingEnabled = true;
    if (scene.evidence !== null) {
      context.globalAlpha = scene.opacity;
      context.drawImage(scene.evidence, left, top, width * scale, height * scale);
      context.globalAlpha = 1;
    }
    /** @type {(y: number, x: number) => [number, number]} */
    const place = (py, px) => [left + (px + 0.5) * scale, top + (py + 0.5) * scale];
    if (scene.rings !== null) drawRings(context, scene.rings, place, scale);
    drawSpots(context, scene.spots, place, Math.max(5, 3 * scale));
  }

  listen(canvas, { zoomBy, panBy, hover: (px, py) => {
    const at = frameAt(px, py);
    point(Math.floor(at.y), Math.floor(at.x));
  } }); // prettier-ignore
  return { draw, zoomBy, panBy };
}

/**
 * Wheel, drag and pinch.
 * @param {HTMLCanvasElement} canvas
 * @param {{ zoomBy: (factor: number, px: number, py: number) => void, panBy: (dx: number, dy: number) => void,
 *   hover: (px: number, py: number) => void }} act
 */
function listen(canvas, { zoomBy, panBy, hover }) {
  /** @type {Map<number, { x: number, y: number }>} */
  const held = new Map();
  const spread = () => {
    const [a, b] = [...held.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  };
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
    },
    { passive: false },
  );
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  });
  canvas.addEventListener('pointermove', (event) => {
    hover(event.offsetX, event.offsetY);
    const before = held.get(event.pointerId);
    if (before === undefined) return;
    const now = { x: event.offsetX, y: event.offsetY };
    if (held.size === 1) panBy(now.x - before.x, now.y - before.y);
    const wide = held.size === 2 ? spread() : 0;
    held.set(event.pointerId, now);
    if (held.size === 2 && wide > 0) zoomBy(spread() / wide, now.x, now.y);
  });
  for (const end of /** @type {const} */ (['pointerup', 'pointercancel']))
    canvas.addEventListener(end, (event) => held.delete(event.pointerId));
}
