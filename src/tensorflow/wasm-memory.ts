/**
 * What happens when a training does not fit the wasm heap, which ends at 4 GiB: a `UserError`.
 *
 * On its own, the back end takes the address 0 that a failing allocation returns for a tensor, and XNNPACK aborts.
 */
import { UserError } from '../core/errors.js';
import { tf } from './tf.js';
import { heap } from './wasm-heap.js';

const HEAP_END = 2 ** 32;

/** What WebAssembly and its run time say when memory is at its end. */
const SIGNS = /^Aborted\(|memory access out of bounds|Out of memory|Array buffer allocation failed/u;

const outOfMemory = (): UserError =>
  new UserError('the network and its frames do not fit the 4 GiB that WebAssembly can address', {
    field: 'training.microBatch',
    remedy:
      'compute fewer frames at once (1 at least), bin them (preprocess.factor), or use --backend tensorflow',
  });

/** Makes allocations of the current (wasm) back end throw where they fail. */
export function guardAllocations(): void {
  // The module puts its own function in place at the first call: what is wrapped must be that one.
  tf.scalar(0).dispose();
  const { wasm } = heap();
  const allocate = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes) => {
    const address = bytes < HEAP_END ? allocate(bytes) : 0;
    if (address === 0 && bytes > 0) throw outOfMemory();
    return address;
  };
}

/** Runs `compute` on the wasm back end; throws a `UserError` where the heap ends. */
export function withinHeap<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    throw error instanceof Error && SIGNS.test(error.message) ? outOfMemory() : error;
  }
}
