/**
 * Frames that are already in memory as a `FrameSource`: for simulated frames, tests and small sets.
 */
import { UserError } from '../core/errors.js';
import type { Frame, FrameLabel, FrameSource, Spot } from './frames.js';
import { UNKNOWN_LABEL, checkFrameIndex } from './formats/format.js';

export interface ArraySourceOptions {
  readonly name?: string;
  readonly height: number;
  readonly width: number;
  /** One array of `height * width` values a frame; masked pixels are set to 0 when read. */
  readonly frames: readonly Uint16Array[];
  /** One mask (1 live) for all frames, or one a frame. */
  readonly masks?: Uint8Array | readonly (Uint8Array | null)[] | null;
  readonly labels?: readonly Partial<FrameLabel>[];
  readonly classNames?: readonly string[];
  readonly meta?: readonly Readonly<Record<string, string | number>>[];
  readonly spots?: readonly (readonly Spot[] | null)[];
}

/** Throws `UserError` when a length does not fit. Frames are copied when read: callers may change what they get. */
export function framesFromArrays(options: ArraySourceOptions): FrameSource {
  const { height, width, frames, masks = null, labels, meta, spots } = options;
  const name = options.name ?? 'memory';
  const size = height * width;
  for (const [field, list] of Object.entries({ labels, meta, spots })) {
    if (list !== undefined && list.length !== frames.length) {
      throw new UserError(`has ${list.length} entries for ${frames.length} frames`, { file: name, field });
    }
  }
  const odd = frames.findIndex((frame) => frame.length !== size);
  if (odd >= 0) {
    throw new UserError(`frame ${odd} has ${frames[odd]!.length} pixels, not ${height}×${width}`, {
      file: name,
    });
  }
  const maskOf = (index: number): Uint8Array | null =>
    masks instanceof Uint8Array ? masks : (masks?.[index] ?? null);
  return {
    name,
    count: frames.length,
    height,
    width,
    classNames: options.classNames ?? null,
    read(index): Promise<Frame> {
      checkFrameIndex(name, index, frames.length);
      const pixels = frames[index]!.slice();
      const mask = maskOf(index);
      if (mask !== null) for (let i = 0; i < size; i++) if (mask[i] === 0) pixels[i] = 0;
      return Promise.resolve({ height, width, pixels, mask });
    },
    label: (index) => ({ ...UNKNOWN_LABEL, ...labels?.[index] }),
    meta: (index) => meta?.[index] ?? {},
    spots: (index) => spots?.[index] ?? null,
    origin: (index) => ({ file: name, index }),
    close: () => Promise.resolve(),
  };
}
