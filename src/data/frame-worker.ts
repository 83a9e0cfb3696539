/**
 * The thread behind reading-threads.ts: opens the files of the frames again, or simulates them again, and answers requests with pixels that
 * it gives away.
 *
 * A mask that frames share is sent once and then referred to by number. With the pixels of a simulated frame go its
 * facts, which are half the work of making it.
 */
import { serveThread } from '../core/thread.js';
import type { Frame, FrameSource } from './frames.js';
import type { OpenFramesOptions } from './open-options.js';
import { openOutline, type Outline } from './outline.js';
import { simulateFrames, type SimulatedSource } from './simulate/simulate-frames.js';
import type { SimulateOptions } from './simulate/settings.js';

export type FrameWorkerData =
  | {
      readonly kind: 'files';
      readonly outline: Outline;
      readonly options: OpenFramesOptions;
    }
  | { readonly kind: 'simulation'; readonly options: SimulateOptions };

/** What a source says of a frame besides its pixels. */
export interface FrameFacts {
  readonly label: ReturnType<FrameSource['label']>;
  readonly meta: ReturnType<FrameSource['meta']>;
  readonly spots: ReturnType<FrameSource['spots']>;
  readonly lattices: ReturnType<SimulatedSource['lattices']>;
}

export interface FrameAnswer {
  readonly pixels: Uint16Array;
  /** Null when every pixel is live. */
  readonly maskId: number | null;
  /** The mask, the first time that its number is used. */
  readonly mask: Uint8Array | null;
  /** Whether the number may come again. */
  readonly keepMask: boolean;
  /** What the frame carries besides. */
  readonly rest: Omit<Frame, 'height' | 'width' | 'pixels' | 'mask'>;
  /** Of a simulated frame. */
  readonly facts: FrameFacts | null;
}

/** Masks kept by number: those of the first frames, since a mask of its own a frame must not fill the memory. */
const KNOWN_MASKS = 64;

interface Opened {
  readonly source: FrameSource;
  /** The same, where it is a simulation. */
  readonly simulated: SimulatedSource | null;
}

async function open(data: FrameWorkerData): Promise<Opened> {
  if (data.kind === 'simulation') {
    const simulated = simulateFrames(data.options);
    return { source: simulated, simulated };
  }
  return { source: await openOutline(data.outline, data.options), simulated: null };
}

/** Numbers for masks: one that frames share travels once. */
function maskNumbers(): (mask: Uint8Array | null) => Pick<FrameAnswer, 'maskId' | 'mask' | 'keepMask'> {
  const known = new Map<Uint8Array, number>();
  let masks = 0;
  return (mask) => {
    if (mask === null) return { maskId: null, mask: null, keepMask: false };
    const id = known.get(mask);
    if (id !== undefined) return { maskId: id, mask: null, keepMask: true };
    const keepMask = known.size < KNOWN_MASKS;
    if (keepMask) known.set(mask, masks);
    return { maskId: masks++, mask, keepMask };
  };
}

const factsOf = (source: SimulatedSource, index: number): FrameFacts => ({
  label: source.label(index),
  meta: source.meta(index),
  spots: source.spots(index),
  lattices: source.lattices(index),
});

serveThread<FrameWorkerData, number, FrameAnswer>(
  async (data) => {
    const { source, simulated } = await open(data);
    const maskOf = maskNumbers();
    return async (index) => {
      const { pixels, mask, experiment, overloads, notes } = await source.read(index);
      const rest = {
        ...(experiment === undefined ? {} : { experiment }),
        ...(overloads === undefined ? {} : { overloads }),
        ...(notes === undefined ? {} : { notes }),
      };
      const facts = simulated === null ? null : factsOf(simulated, index);
      return { pixels, ...maskOf(mask), rest, facts };
    };
  },
  ({ pixels }) => [pixels.buffer as ArrayBuffer],
);
