/**
 * The networks of the fuzzer by number: random fixed graphs and, every eighth, a random float graph that is taken
 * through `float-checks.ts` and then quantized.
 */
import { createRandom, type Random } from '../../src/core/random.js';
import { OVERFLOWS, QUANTIZATIONS } from '../../src/fixed/format.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { randomFrames, randomNetwork } from '../passes/random-networks.js';
import { firstFloatFailure, quantized, type FloatFailure, type FloatSubject } from './float-checks.js';
import { failedWith } from './outcome.js';
import { randomFixedGraph } from './random-graph.js';

export interface FuzzNetwork {
  /** Null where a float graph could not be quantized. */
  readonly graph: FixedGraph | null;
  readonly origin: 'fixed' | 'float';
  /** What a pass, an export and import, or quantization did wrong on the way. */
  readonly broken: FloatFailure | null;
}

function floatSubject(seed: number, random: Random): FloatSubject {
  return {
    graph: randomNetwork(seed, true),
    frames: randomFrames(5, seed),
    quantization: {
      weightBits: random.integer(2, 16),
      activationBits: random.integer(2, 16),
      rounding: random.pick(QUANTIZATIONS),
      overflow: random.pick(OVERFLOWS),
      edgeBits: null,
    },
  };
}

async function floatNetwork(subject: FloatSubject): Promise<FuzzNetwork> {
  const broken = await firstFloatFailure(subject);
  try {
    return { graph: await quantized(subject), origin: 'float', broken };
  } catch (error) {
    const outcome = failedWith(error, subject.frames.length);
    return { graph: null, origin: 'float', broken: broken ?? { check: 'quantize', subject, outcome } };
  }
}

/** What network `number` of the sequence that `seed` stands for is made of: a float graph with how it is quantized, or a fixed graph. */
export function fuzzSubject(seed: number, number: number): FloatSubject | FixedGraph {
  const random = createRandom(seed).fork(number);
  const own = random.uint32();
  return number % 8 === 7 ? floatSubject(own % 1_000_000_000, random) : randomFixedGraph(own);
}

/** Network `number` of the sequence that `seed` stands for. */
export async function fuzzNetwork(seed: number, number: number): Promise<FuzzNetwork> {
  const subject = fuzzSubject(seed, number);
  return 'frames' in subject ? floatNetwork(subject) : { graph: subject, origin: 'fixed', broken: null };
}
