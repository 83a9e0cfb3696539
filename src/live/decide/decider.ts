/**
 * A network on raw frames, fast, and not trusted: preprocessing in WebAssembly, the rest in ONNX Runtime, optimised. On the first
 * frames, those of a rehearsal, both must repeat `fixed.onnx` run whole and unoptimised, the required form; where they do not, that file decides.
 */
import { createCheckedOrt, sameResult } from '../../backends/onnx/ort/checked.js';
import { createOrtNetwork, type OrtNetwork } from '../../backends/onnx/ort/network-alone.js';
import { createOrtWitness } from '../../backends/onnx/ort/witness.js';
import { UserError } from '../../core/errors.js';
import { elements } from '../../ir/common.js';
import type { FrameResult } from '../../simulate/witness.js';
import { createFastPreprocessor, type FastPreprocessor } from '../simd/preprocess.js';
import type { LiveNetwork } from './network.js';

export interface Decider {
  /** Results in the order of the frames. */
  run(frames: readonly Uint16Array[]): Promise<readonly FrameResult[]>;
  /** Whether the preprocessing is WebAssembly's: unknown (true) until the first frames were seen. */
  readonly isFast: () => boolean;
  close(): Promise<void>;
}

/** A deciding process is one of several: each has a thread. */
const OPTIONS = { threads: 1 } as const;

async function runFast(
  preprocessor: FastPreprocessor,
  network: OrtNetwork,
  frames: readonly Uint16Array[],
): Promise<readonly FrameResult[]> {
  const tensors = preprocessor.boundary.map(({ shape }) => new Float32Array(frames.length * elements(shape)));
  frames.forEach((pixels, i) => {
    preprocessor.run(pixels, tensors, i);
  });
  return network.run(tensors, frames.length);
}

/** Null where the file does not say where its preprocessing ends, as those of earlier versions. */
async function openFast(model: Uint8Array, { boundary }: FastPreprocessor): Promise<OrtNetwork | null> {
  try {
    return await createOrtNetwork(model, boundary, { ...OPTIONS, optimization: 'all' });
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/**
 * Opens `network`, whose `preprocessor` (of its graph) is null where WebAssembly has none. `batch`: frames in one call at most.
 * Close it when done.
 */
export async function createDecider(
  { fixed, model }: LiveNetwork,
  batch: number,
  preprocessor = createFastPreprocessor(fixed),
): Promise<Decider> {
  const openWhole = () => createCheckedOrt(fixed, { ...OPTIONS, batch }, model);
  let fast = preprocessor === null ? null : await openFast(model, preprocessor);
  let whole = fast === null ? await openWhole() : null;
  let checked = false;

  async function check(frames: readonly Uint16Array[]): Promise<readonly FrameResult[]> {
    const plain = await createOrtWitness(fixed, { ...OPTIONS, batch }, model);
    const required = await plain.run(frames);
    await plain.close();
    const mine = await runFast(preprocessor!, fast!, frames);
    if (!required.every((one, i) => sameResult(one, mine[i]!))) {
      whole = await openWhole();
      await fast!.close();
      fast = null;
    }
    checked = true;
    return required;
  }

  return {
    run(frames) {
      if (fast === null) return whole!.run(frames);
      return checked || frames.length === 0 ? runFast(preprocessor!, fast, frames) : check(frames);
    },
    isFast: () => fast !== null,
    async close() {
      await fast?.close();
      await whole?.close();
    },
  };
}
