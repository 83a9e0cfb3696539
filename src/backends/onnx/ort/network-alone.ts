/** ONNX Runtime on a network whose preprocessing another computes. */
import { invariant } from '../../../core/errors.js';
import type { FrameResult } from '../../../simulate/witness.js';
import { networkAlone, type GivenTensor } from '../network-alone.js';
import { PRESCALE_INPUT } from '../prescale.js';
import { loadOrt, openSession, prescaleBatch, type OrtOptions } from './session.js';
import { results } from './witness.js';

export interface OrtNetwork {
  /** Results of `count` frames: of each of the tensors that were named, those of all frames one after the other. */
  run(tensors: readonly Float32Array[], count: number): Promise<readonly FrameResult[]>;
  close(): Promise<void>;
}

/** Opens `model`, a `fixed.onnx`, from `tensors` on. Close it when done. */
export async function createOrtNetwork(
  model: Uint8Array,
  tensors: readonly GivenTensor[],
  options: OrtOptions,
): Promise<OrtNetwork> {
  const alone = networkAlone(model, tensors);
  const session = await openSession(alone.model, options);
  const { Tensor } = await loadOrt();
  const hasPrescale = session.inputNames.includes(PRESCALE_INPUT);
  return {
    async run(values, count) {
      const feeds = tensors.map(({ shape: [height, width] }, i) => {
        const data = values[i]!;
        invariant(data.length === count * height * width, `${data.length} values for ${count} frames`);
        return [alone.inputs[i]!, new Tensor('float32', data, [count, 1, height, width])] as const;
      });
      const also = hasPrescale ? { [PRESCALE_INPUT]: await prescaleBatch(count, undefined) } : {};
      return results(await session.run({ ...Object.fromEntries(feeds), ...also }), count, false);
    },
    close: () => session.release(),
  };
}
