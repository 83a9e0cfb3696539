import { describe, expect, it } from 'vitest';
import { isPreprocess } from '../../src/ir/ops/index.js';
import { randomFrames, randomNetwork } from '../passes/random-networks.js';
import type { Subject } from './check.js';
import type { FloatSubject } from './float-checks.js';
import { fuzzFrames } from './frames.js';
import { fuzzNetwork } from './network.js';
import type { Failed, Outcome } from './outcome.js';
import { shrinkFloat } from './shrink-float.js';
import { shrink } from './shrink.js';

/** The first of the numbers from 0 up for which `make` has a value. */
async function first<T>(make: (n: number) => Promise<T | null>): Promise<T> {
  for (let n = 0; n < 200; n++) {
    const value = await make(n);
    if (value !== null) return value;
  }
  throw new Error('none of 200');
}

/** Fails where a node of `kind` is in the network and a pixel of the frame is above 40. */
const planted =
  (kind: string) =>
  (_name: string, { graph, frames }: Subject | FloatSubject): Promise<Outcome> => {
    const bright = [...frames.keys()].filter((i) => frames[i]!.some((v) => v > 40));
    const same = bright.length === 0 || graph.nodes.every((n) => n.kind !== kind);
    return Promise.resolve(
      same
        ? { kind: 'same', values: 1 }
        : { kind: 'failed', stage: 'logits', frames: bright, text: `${kind} differs` },
    );
  };
const failed = (outcome: Outcome): Failed => {
  expect(outcome.kind).toBe('failed');
  return outcome as Failed;
};

describe('shrinking', () => {
  it('leaves of a float network the node that fails, of the frames one pixel', async () => {
    const check = planted('depthwiseConv2d');
    const subject = await first((seed) => {
      const graph = randomNetwork(seed);
      const fits = graph.nodes.length > 12 && graph.nodes.some((n) => n.kind === 'depthwiseConv2d');
      return Promise.resolve(fits ? { graph, frames: randomFrames(3, seed), quantization: {} } : null);
    });
    const outcome = failed(await check('pass', subject));
    const small = await shrinkFloat({ check: 'pass', subject, outcome }, 400, check);
    const network = small.subject.graph.nodes.filter((n) => !isPreprocess(n));
    const kinds = network.map((n) => n.kind);
    expect(kinds.filter((kind) => kind === 'depthwiseConv2d')).toHaveLength(1);
    // Layers that change the number of channels cannot be passed over.
    expect(network.length).toBeLessThanOrEqual(6);
    expect(small.subject.frames).toHaveLength(1);
    expect(small.subject.frames[0]!.filter((v) => v > 0)).toHaveLength(1);
    expect(failed(await check('pass', small.subject)).text).toBe('depthwiseConv2d differs');
  });

  it('leaves of a fixed network the node that fails, of the frames one pixel', async () => {
    const check = planted('maxPool');
    const subject = await first(async (number) => {
      const { graph } = await fuzzNetwork(2, number);
      if (graph === null || graph.nodes.length < 10 || graph.nodes.every((n) => n.kind !== 'maxPool'))
        return null;
      const frames = fuzzFrames(graph, 5, 6);
      return { graph, frames, hls: { pixelsPerClock: 1 as const } };
    });
    const outcome = failed(await check('evaluator', subject));
    const small = await shrink('evaluator', subject, outcome, 400, check);
    // Layers that change the number of channels cannot be passed over: three convolutions here.
    expect(small.subject.graph.nodes.length).toBeLessThanOrEqual(8);
    expect(small.subject.graph.nodes.length).toBeLessThan(subject.graph.nodes.length);
    expect(small.subject.graph.nodes.filter((n) => n.kind === 'maxPool')).toHaveLength(1);
    expect(small.subject.frames[0]!.filter((v) => v > 0)).toHaveLength(1);
  });

  it('does not wander to another error', async () => {
    const subject = { graph: randomNetwork(1), frames: randomFrames(1, 1), quantization: {} };
    const error = (text: string): Failed => ({ kind: 'failed', stage: 'error', frames: [0], text });
    const whole = subject.graph.nodes.length;
    // Any smaller network fails, too, but says something else.
    const check = (_: string, { graph }: FloatSubject): Promise<Outcome> =>
      Promise.resolve(
        error(graph.nodes.length === whole ? 'UserError: conv3 is wrong' : 'UserError: no input'),
      );
    const small = await shrinkFloat(
      { check: 'pass', subject, outcome: error('UserError: conv7 is wrong') },
      100,
      check,
    );
    expect(small.subject.graph.nodes).toHaveLength(whole);
  });
});
