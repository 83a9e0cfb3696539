/** What the maps of many memory cells come to together: a map a stage for pictures, and figures of all cells. */
import type { DarkFigures, DarkMaps } from '../data/raw/darks.js';
import { PIXEL_STATUS } from '../data/raw/maps-file.js';
import type { CellFigures } from '../report/darks-page.js';
import { median } from '../statistics/quantile.js';
import type { CellDarks } from './cell-darks.js';

interface Together {
  readonly pedestals: Float64Array;
  readonly rms: Float64Array;
  /** Cells in which the pixel is good. */
  readonly good: Uint16Array;
  readonly status: Uint8Array;
}

export interface CellSummary {
  add(cell: CellDarks): void;
  readonly cells: readonly CellFigures[];
  /** Means over the cells in which a pixel is good; its status is why it is bad in any of them. */
  maps(): readonly DarkMaps[];
  /** Medians of the cells; pixels that are bad in any. */
  figures(): readonly DarkFigures[];
}

/** Of `stages` gain stages of `pixels` pixels. */
export function cellSummary(stages: number, pixels: number): CellSummary {
  const together = Array.from({ length: stages }, (): Together => ({
    pedestals: new Float64Array(pixels),
    rms: new Float64Array(pixels),
    good: new Uint16Array(pixels),
    status: new Uint8Array(pixels),
  }));
  const cells: CellFigures[] = [];
  return {
    cells,
    add({ cell, maps, figures }) {
      cells.push({ cell, figures });
      maps.forEach(({ pedestals, rms, status }, stage) => {
        const all = together[stage]!;
        for (let i = 0; i < pixels; i++) {
          all.status[i]! |= status[i]!;
          if (status[i] !== 0) continue;
          all.pedestals[i]! += pedestals[i]!;
          all.rms[i]! += rms[i]!;
          all.good[i]! += 1;
        }
      });
    },
    maps: () =>
      together.map(({ pedestals, rms, good, status }) => ({
        pedestals: Float32Array.from(pedestals, (sum, i) => sum / good[i]!),
        rms: Float32Array.from(rms, (sum, i) => sum / good[i]!),
        status,
      })),
    figures: () =>
      together.map(({ status }, stage) => {
        const own = cells.map(({ figures }) => figures[stage]!);
        const having = (bits: number): number =>
          status.reduce((n, one) => n + ((one & bits) === 0 ? 0 : 1), 0);
        return {
          stage: own[0]!.stage,
          frames: own.reduce((sum, { frames }) => sum + frames, 0),
          pedestal: median(own.map(({ pedestal }) => pedestal)),
          noise: median(own.map(({ noise }) => noise)),
          bad: Object.fromEntries(
            Object.entries(PIXEL_STATUS).map(([reason, bit]) => [reason, having(bit)]),
          ) as DarkFigures['bad'],
          badPixels: having(0xff),
        };
      }),
  };
}
