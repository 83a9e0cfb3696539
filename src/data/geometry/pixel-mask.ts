/** Which pixels of a frame a geometry calls bad: by place, by the value stored there, and by masks of bits. */
import { joinTwo } from '../masking.js';
import { pixelPositions, rowOffset } from '../assemble.js';
import type { PixelArray } from '../pixels.js';
import type { DetectorGeometry } from './geometry.js';
import type { Panel } from './panel.js';

/** Calls `use` with the place of every pixel of `panel` in the stacked frame, and its place in the panel. */
export function forPanelPixels(
  panel: Panel,
  frameShape: readonly number[],
  use: (at: number, fs: number, ss: number) => void,
): void {
  const width = frameShape.at(-1)!;
  const offset = rowOffset(panel, frameShape);
  for (let ss = panel.minSs; ss <= panel.maxSs; ss++)
    for (let fs = panel.minFs; fs <= panel.maxFs; fs++)
      use((offset + ss) * width + fs, fs - panel.minFs, ss - panel.minSs);
}

export interface PanelMasks {
  /** 1 live; 0 where no panel is, where a panel is not to be looked at, at its edges, and in `bad` regions. */
  readonly live: Uint8Array;
  /** Names of `bad` regions in which no pixel lies. */
  readonly idle: readonly string[];
}

export function geometryMask(geometry: DetectorGeometry, frameShape: readonly number[]): PanelMasks {
  const { x, y, panel } = pixelPositions(geometry, frameShape);
  const width = frameShape.at(-1)!;
  const live = Uint8Array.from(panel, (number) => (number < 0 ? 0 : 1));
  for (const one of geometry.panels) maskPanel(one, frameShape, live);
  const idle = geometry.bad.filter((region) => {
    let hit = false;
    for (let i = 0; i < live.length; i++) {
      const owner = geometry.panels[panel[i]!];
      if (owner === undefined || (region.panel !== null && owner.name !== region.panel)) continue;
      const row = Math.floor(i / width) - rowOffset(owner, frameShape);
      const [a, b] = region.kind === 'panel' ? [i % width, row] : [x[i]!, y[i]!];
      if (a < region.min[0] || a > region.max[0] || b < region.min[1] || b > region.max[1]) continue;
      live[i] = 0;
      hit = true;
    }
    return !hit;
  });
  return { live, idle: idle.map(({ name }) => name) };
}

function maskPanel(panel: Panel, frameShape: readonly number[], live: Uint8Array): void {
  if (!panel.noIndex && panel.edge === 0) return;
  const [w, h] = [panel.maxFs - panel.minFs + 1, panel.maxSs - panel.minSs + 1];
  const { edge } = panel;
  forPanelPixels(panel, frameShape, (at, fs, ss) => {
    if (panel.noIndex || fs < edge || ss < edge || fs >= w - edge || ss >= h - edge) live[at] = 0;
  });
}

/** Masks the pixels of `panel` whose `bits` have a bad bit or lack a good one. */
export function maskBits(
  panel: Panel,
  frameShape: readonly number[],
  bits: PixelArray,
  { goodBits, badBits }: { readonly goodBits: number; readonly badBits: number },
  live: Uint8Array,
): void {
  forPanelPixels(panel, frameShape, (at) => {
    const value = Number(bits[at]) >>> 0;
    const lacks = (value & goodBits) >>> 0 !== goodBits;
    if (lacks || (value & badBits) !== 0) live[at] = 0;
  });
}

/** A function that finds the stored values that the flags of the panels call bad; null where none has flags. */
export function valueFlags(
  geometry: DetectorGeometry,
  frameShape: readonly number[],
): ((stored: PixelArray) => Uint8Array) | null {
  const flagged = geometry.panels.filter(
    ({ flags: { lessThan, moreThan, equal } }) => lessThan !== null || moreThan !== null || equal.length > 0,
  );
  if (flagged.length === 0) return null;
  return (stored) => {
    const live = new Uint8Array(stored.length).fill(1);
    for (const panel of flagged) {
      const { lessThan, moreThan, equal } = panel.flags;
      forPanelPixels(panel, frameShape, (at) => {
        const value = Number(stored[at]);
        const bad =
          (lessThan !== null && value < lessThan) ||
          (moreThan !== null && value > moreThan) ||
          equal.includes(value);
        if (bad) live[at] = 0;
      });
    }
    return live;
  };
}

/** All of `masks` together. */
export const joinAll = (masks: readonly (Uint8Array | null)[]): Uint8Array | null =>
  masks.reduce<Uint8Array | null>((all, one) => joinTwo(all, one), null);
