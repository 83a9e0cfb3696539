/**
 * The thread behind parallel.ts: opens the same frames again and answers requests with pixels that it gives away.
 *
 * A mask that frames share is sent once and then referred to by number.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant, UserError, type ErrorPlace } from '../core/errors.js';
import { openFrames, type OpenFramesOptions } from './open.js';

export interface FrameWorkerData {
  readonly argument: string | readonly string[];
  readonly options: OpenFramesOptions;
  /** Pass over files that cannot be opened, as the main thread does. */
  readonly passBadFiles: boolean;
}

export interface FrameRequest {
  readonly id: number;
  readonly index: number;
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
    }
  | { readonly id: number; readonly problem: string; readonly place: ErrorPlace }
  | { readonly id: number; readonly defect: string };

/** Masks kept by number: those of the last frames, since a mask of its own a frame must not fill the memory. */
const KNOWN_MASKS = 8;

const port = parentPort;
invariant(port !== null, 'frame-worker is a worker thread');
const { argument, options, passBadFiles } = workerData as FrameWorkerData;
const opened = openFrames(argument, passBadFiles ? { ...options, onBadFile: () => undefined } : options);
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
    const frame = await (await opened).read(index);
    const reply: FrameReply = { id, pixels: frame.pixels, ...maskOf(frame.mask) };
    port!.postMessage(reply, [frame.pixels.buffer as ArrayBuffer]);
  } catch (error) {
    const reply: FrameReply =
      error instanceof UserError
        ? { id, problem: error.problem, place: error.place }
        : { id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    port!.postMessage(reply);
  }
}

port.on('message', (request: FrameRequest) => void answer(request));
