/**
 * Masks that are the same in many files, as one array: each file of a night carries the mask of its detector.
 */

/** Masks that are compared with; a detector has few. */
const KEPT = 8;

let recent: readonly WeakRef<Uint8Array>[] = [];

const bytesOf = (mask: Uint8Array): Buffer => Buffer.from(mask.buffer, mask.byteOffset, mask.byteLength);

/** `mask`, or an equal one that was shared before and is still in use. Neither may be changed from then on. */
export function shared(mask: Uint8Array): Uint8Array {
  const own = bytesOf(mask);
  const known = recent.flatMap((reference) => reference.deref() ?? []);
  const equal = known.find((one) => one === mask || (one.length === mask.length && bytesOf(one).equals(own)));
  const first = equal ?? mask;
  recent = [first, ...known.filter((one) => one !== first)].slice(0, KEPT).map((one) => new WeakRef(one));
  return first;
}

const hidden = new WeakMap<Uint8Array, number>();

/** Pixels that a shared mask hides, counted once. */
export function hiddenBy(mask: Uint8Array): number {
  const known = hidden.get(mask);
  if (known !== undefined) return known;
  const count = mask.reduce((sum, live) => sum + 1 - live, 0);
  hidden.set(mask, count);
  return count;
}
