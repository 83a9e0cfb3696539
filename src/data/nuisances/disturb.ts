/** A frame with nuisances drawn for it. */
import { z } from 'zod';
import { createRandom, type Random } from '../../core/random.js';
import type { Frame, FrameSource } from '../frames.js';
import { toPixels, type Counts } from './frame.js';
import { nuisance, NUISANCE_NAMES, type NuisanceName } from './table.js';

/** How often a nuisance comes, and how strong. */
const drawSchema = z
  .strictObject({
    /** The share of frames that it comes to. */
    share: z.number().min(0).max(1),
    /** Strengths, log-uniform between these; what they are, `data/nuisances/table.ts` says. */
    low: z.number().positive(),
    high: z.number().positive(),
  })
  .refine(({ low, high }) => low <= high, { path: ['high'], message: 'less than low' });

/** By the nuisance's name; those that are not named do not come. */
export const nuisancesSchema = z.partialRecord(z.enum(NUISANCE_NAMES), drawSchema);
export type Nuisances = z.infer<typeof nuisancesSchema>;

/** What a frame is changed by, in the order of the table. */
export type Strengths = readonly (readonly [name: NuisanceName, strength: number])[];

/** Draws which nuisances come to a frame, and how strong they are. */
export function drawStrengths(nuisances: Nuisances, random: Random): Strengths {
  return NUISANCE_NAMES.flatMap((name) => {
    const draw = nuisances[name];
    // Each draws from a stream of its own: what one comes to does not hang on the others, nor on which there are.
    const own = random.fork(name);
    const [comes, where] = [own.uniform(), own.uniform()];
    if (draw === undefined || comes >= draw.share) return [];
    return [[name, draw.low * (draw.high / draw.low) ** where] as const];
  });
}

/** `frame` changed by `strengths`; `random` decides where zingers fall, `series` where hot pixels stay. */
export function disturbed(
  { height, width, pixels, mask }: Pick<Frame, 'height' | 'width' | 'pixels' | 'mask'>,
  strengths: Strengths,
  random: Random,
  series: Random,
): Uint16Array {
  if (strengths.length === 0) return pixels;
  const counts: Counts = { height, width, values: new Float64Array(pixels), live: mask };
  for (const [name, strength] of strengths)
    nuisance(name).apply(counts, strength, random.fork(name), series.fork(name));
  return toPixels(counts);
}

/** The stream that all frames of a series share. */
export const seriesRandom = (seed: number): Random => createRandom(seed).fork('series');

/** `source` with every frame changed by `strengths`; what is random in that hangs on `seed` and the frame's index. */
export function disturbedSource(source: FrameSource, strengths: Strengths, seed: number): FrameSource {
  const root = createRandom(seed);
  return {
    ...source,
    read: async (index) => {
      const frame = await source.read(index);
      return { ...frame, pixels: disturbed(frame, strengths, root.fork(index), seriesRandom(seed)) };
    },
  };
}
