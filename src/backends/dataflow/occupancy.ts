/** How full a stream was, from the cycles of its writes and reads: what depths of FIFOs follow from. */

/** The most words that were in a stream at once. */
export function highWater(writes: Int32Array, reads: Int32Array): number {
  let most = 0;
  let taken = 0;
  for (let k = 0; k < writes.length; k++) {
    while (taken < reads.length && reads[taken]! < writes[k]!) taken += 1;
    most = Math.max(most, k + 1 - taken);
  }
  return most;
}

/**
 * The most words between the event that makes them, `depth` cycles before the write, and the return of their credit:
 * so many places let the stream never hold its writer up.
 */
export function mostInFlight(writes: Int32Array, reads: Int32Array, depth: number, back: number): number {
  let most = 0;
  let returned = 0;
  for (let k = 0; k < writes.length; k++) {
    while (returned < k && reads[returned]! + back <= writes[k]! - depth) returned += 1;
    most = Math.max(most, k + 1 - returned);
  }
  return most;
}
