/** A frame with its evidence map laid over it. */
import { enlarge, greyPicture, overlay, resample, type Picture } from '../core/picture.js';
import { inputNode, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import type { EvidenceMap } from './grad-cam.js';
import type { Occlusion, Region } from './occlusion.js';

/** Pictures smaller than this are enlarged by whole factors. */
const WANTED_PIXELS = 384;

/** The rows and columns of the raw frame that the network sees. */
function seenPart(graph: FloatGraph): {
  readonly offset: readonly [number, number];
  readonly size: readonly [number, number];
} {
  const crop = graph.nodes.find((node) => node.kind === 'crop');
  return crop?.kind === 'crop'
    ? { offset: crop.offset, size: crop.size }
    : { offset: [0, 0], size: inputNode(graph).size };
}

/** The map over the raw frame: values in [0, 1] of the map's maximum, zero outside the part that the network sees. */
export function mapOverFrame(graph: FloatGraph, map: EvidenceMap): Float32Array {
  const [height, width] = inputNode(graph).size;
  const { offset, size } = seenPart(graph);
  const fitted = resample(map.values, map.size, size[0], size[1]);
  const top = fitted.reduce((a, b) => Math.max(a, b), 0) || 1;
  const full = new Float32Array(height * width);
  for (let y = 0; y < size[0]; y++)
    for (let x = 0; x < size[1]; x++)
      full[(y + offset[0]) * width + x + offset[1]] = fitted[y * size[1] + x]! / top;
  return full;
}

/** The frame in grey with the map in colour. */
export function evidencePicture(graph: FloatGraph, pixels: Uint16Array, map: EvidenceMap): Picture {
  const [height, width] = inputNode(graph).size;
  const picture = overlay(greyPicture(pixels, height, width), mapOverFrame(graph, map));
  return enlarge(picture, Math.max(1, Math.round(WANTED_PIXELS / Math.max(height, width))));
}

/** The frame with the effect of each region in colour (towards the decision) and the flipping regions framed. */
export function regionPicture(
  graph: FixedGraph,
  pixels: Uint16Array,
  occlusion: Occlusion,
  framed: readonly Region[],
): Picture {
  const [height, width] = inputNode(graph).size;
  const sign = occlusion.score >= graph.threshold ? 1 : -1;
  const top = Math.max(1e-12, ...occlusion.effects.map((e) => sign * e));
  const map = new Float32Array(height * width);
  occlusion.regions.forEach((region, i) => {
    const value = Math.max(0, (sign * occlusion.effects[i]!) / top);
    for (let y = region.y; y < region.y + region.height; y++)
      map.fill(value, y * width + region.x, y * width + region.x + region.width);
  });
  const picture = overlay(greyPicture(pixels, height, width), map, 0.5);
  for (const region of framed) drawFrame(picture, region);
  return enlarge(picture, Math.max(1, Math.round(WANTED_PIXELS / Math.max(height, width))));
}

/** One pixel of cyan around `region`: told from the colour map by everyone. */
function drawFrame({ rgb, width }: Picture, { y, x, height: h, width: w }: Region): void {
  const dot = (py: number, px: number): void => {
    rgb.set([0, 255, 255], 3 * (py * width + px));
  };
  for (let i = 0; i < w; i++) {
    dot(y, x + i);
    dot(y + h - 1, x + i);
  }
  for (let i = 0; i < h; i++) {
    dot(y + i, x);
    dot(y + i, x + w - 1);
  }
}
