/**
 * ONNX Runtime at full speed without trusting it: the optimised session must repeat the unoptimised one, the required
 * form, on the first frames; where an optimised kernel gives other bits the unoptimised session goes on alone.
 */
import type { FixedGraph } from '../../../ir/graph.js';
import type { OrtOptions } from './session.js';
import { createOrtWitness } from './witness.js';
import type { FrameResult, Witness } from '../../../simulate/witness.js';

export interface CheckedOptions extends Omit<OrtOptions, 'optimization'> {
  /** Told when the optimised kernels were found to differ. */
  readonly onFallback?: (problem: string) => void;
}

/** Whether two say the same of a frame. */
export const sameResult = (a: FrameResult, b: FrameResult): boolean =>
  a.score === b.score && a.keep === b.keep && a.logits.every((v, i) => v === b.logits[i]);

/** A witness on `model`, a `fixed.onnx` of `graph`, optimised where that gives the same integers. Close it when done. */
export async function createCheckedOrt(
  graph: FixedGraph,
  options: CheckedOptions = {},
  model?: Uint8Array,
): Promise<Witness> {
  const { onFallback, ...settings } = options;
  const open = (optimization: 'all' | 'disabled'): Promise<Witness> =>
    createOrtWitness(graph, { ...settings, optimization }, ...(model === undefined ? [] : [model]));
  let witness = await open('all');
  let checked = false;
  const check = async (frames: readonly Uint16Array[]): Promise<readonly FrameResult[]> => {
    const plain = await open('disabled');
    const required = await plain.run(frames);
    const fast = await witness.run(frames);
    const different = required.filter((r, i) => !sameResult(r, fast[i]!)).length;
    if (different === 0) await plain.close();
    else {
      await witness.close();
      witness = plain;
      onFallback?.(
        `optimised kernels differ on ${different} of ${frames.length} frames: running unoptimised`,
      );
    }
    checked = true;
    return required;
  };
  return {
    name: witness.name,
    version: witness.version,
    run(frames, runOptions) {
      if (!checked && frames.length > 0 && runOptions?.tensors !== true) return check(frames);
      return witness.run(frames, runOptions);
    },
    close: () => witness.close(),
  };
}
