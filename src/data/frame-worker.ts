/**
 * The thread behind reading-threads.ts: opens or simulates the same frames again and answers requests with pixels that
 * it gives away.
 *
 * A mask that frames share is sent once and then referred to by number. With the pixels of a simulated frame go its
 * facts, which are half the work of making it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant, UserError, type ErrorPlace } from '../core/errors.js';
import type { Frame, FrameSource } from './frames.js';
import { openFrames, type OpenFramesOptions } from './open.js';
import { simulateFrames } from './simulate/simulate-frames.js';
import type { SimulateOptions } from './simulate/settings.js';

export type FrameWorkerData =
  | {
      readonly kind: 'files';
      readonly argument: string | readonly string[];
      readonly options: OpenFramesOptions;
      /** Pass over files that cannot be opened, as the main thread does. */
      readonly passBadFiles: boolean;
    }
  | { readonly kind: 'simulation'; readonly options: SimulateOptions };

export interface FrameRequest {
  readonly id: number;
  readonly index: number;
}

/** What a source says of a frame besides its pixels. */
export interface FrameFacts {
  readonly label: ReturnType<FrameSource['label']>;
  readonly meta: ReturnType<FrameSource['meta']>;
  readonly spots: ReturnType<FrameSource['spots']>;
}

export type FrameReply =
  | {
      readonly id: number;
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
  | { readonly id: number; readonly problem: string; readonly place: ErrorPlace }
  | { readonly id: number; readonly defect: string };

/** Masks kept by number: those of the first frames, since a mask of its own a frame must not fill the memory. */
const KNOWN_MASKS = 64;

function open(data: FrameWorkerData): Promise<FrameSource> {
  if (data.kind === 'simulation') return Promise.resolve(simulateFrames(data.options));
  const { argument, options, passBadFiles } = data;
  return openFrames(argument, passBadFiles ? { ...options, onBadFile: () => undefined } : options);
}

const port = parentPort;
invariant(port !== null, 'frame-worker is a worker thread');
const data = workerData as FrameWorkerData;
const opened = open(data);
opened.catch(() => undefined); // each request reports it

const known = new Map<Uint8Array, number>();
let masks = 0;

function maskOf(
  mask: Uint8Array | null,
): Pick<Extract<FrameReply, { pixels: unknown }>, 'maskId' | 'mask' | 'keepMask'> {
  if (mask === null) return { maskId: null, mask: null, keepMask: false };
  const id = known.get(mask);
  if (id !== undefined) return { maskId: id, mask: null, keepMask: true };
  const keepMask = known.size < KNOWN_MASKS;
  if (keepMask) known.set(mask, masks);
  return { maskId: masks++, mask, keepMask };
}

async function answer({ id, index }: FrameRequest): Promise<void> {
  try {
    const source = await opened;
    const { pixels, mask, experiment, overloads } = await source.read(index);
    const rest = {
      ...(experiment === undefined ? {} : { experiment }),
      ...(overloads === undefined ? {} : { overloads }),
    };
    const facts =
      data.kind === 'simulation'
        ? { label: source.label(index), meta: source.meta(index), spots: source.spots(index) }
        : null;
    const reply: FrameReply = { id, pixels, ...maskOf(mask), rest, facts };
    port!.postMessage(reply, [pixels.buffer as ArrayBuffer]);
  } catch (error) {
    const reply: FrameReply =
      error instanceof UserError
        ? { id, problem: error.problem, place: error.place }
        : { id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    port!.postMessage(reply);
  }
}

port.on('message', (request: FrameRequest) => void answer(request));
