/**
 * Frames asked for in their order are read a few at a time: arming the watchdog of `limited` for every frame costs a
 * fifth of what reading a frame of 512×512 does (`npx tsx test/bench/read.ts`).
 */
import type { PixelArray } from '../pixels.js';
import type { Hdf5File } from './file.js';

/** At most so many frames of so many bytes are read before they are asked for, and only for so long. */
const FRAMES = 16;
const BYTES = 8 * 1024 * 1024;
const MILLISECONDS = 50;

/** `read` of frame `index` of `count`, a few at a time within one limit of time where they are asked for in their order. */
export function readAhead(
  file: Pick<Hdf5File, 'limited'>,
  count: number,
  read: (index: number) => PixelArray,
): (index: number) => PixelArray {
  const ready = new Map<number, PixelArray>();
  let last = -1;

  /** Frame `index`, and what can be read of those after it. */
  function readSeveral(index: number): PixelArray {
    let frame: PixelArray | undefined;
    try {
      file.limited(() => {
        const begun = performance.now();
        frame = read(index);
        const end = Math.min(count, index + Math.min(FRAMES, Math.floor(BYTES / frame.byteLength)));
        for (let next = index + 1; next < end && performance.now() - begun < MILLISECONDS; next++) {
          ready.set(next, read(next));
        }
      });
    } catch (error) {
      // What is wrong with a later frame is said when that one is asked for.
      if (frame === undefined) throw error;
    }
    return frame!;
  }

  return (index) => {
    const known = ready.get(index);
    const inOrder = index === last + 1;
    last = index;
    ready.delete(index);
    if (known !== undefined) return known;
    ready.clear();
    return inOrder ? readSeveral(index) : read(index);
  };
}
