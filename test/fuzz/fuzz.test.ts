import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { printGraph } from '../../src/ir/serialize.js';
import { check, CHECKS, randomHls } from './check.js';
import { fuzzFrames } from './frames.js';
import { fuzzNetwork } from './network.js';
import { readRegressions } from './regression.js';

describe('the defects that the fuzzer found once', () => {
  it('stay mended', async () => {
    for (const { name, replay } of readRegressions()) {
      const outcome = await replay();
      expect(outcome.kind, `${name}: ${JSON.stringify(outcome)}`).not.toBe('failed');
    }
  });
});

describe('the fuzzer', () => {
  it('gives the same networks for the same seed', async () => {
    for (const number of [0, 3, 7]) {
      const [a, b] = [await fuzzNetwork(5, number), await fuzzNetwork(5, number)];
      expect(printGraph('fixed', a.graph!)).toBe(printGraph('fixed', b.graph!));
    }
  });

  it('finds no difference between the interpreter, the text forms, the evaluator and ONNX Runtime', async () => {
    for (let number = 0; number < 150; number++) {
      const { graph: made, broken } = await fuzzNetwork(1, number);
      expect(broken).toBeNull();
      const graph = made!;
      const subject = { graph, frames: fuzzFrames(graph, number, 2), hls: randomHls(createRandom(number)) };
      for (const name of CHECKS.filter((c) => c !== 'csim' && c !== 'rtl')) {
        const outcome = await check(name, subject);
        expect(outcome.kind, `network ${number}, ${name}: ${JSON.stringify(outcome)}`).not.toBe('failed');
      }
    }
  });

  it('finds no difference in compiled C++', async () => {
    for (let number = 0; number < 4; number++) {
      const graph = (await fuzzNetwork(2, number)).graph!;
      const subject = { graph, frames: fuzzFrames(graph, number, 3), hls: randomHls(createRandom(number)) };
      const outcome = await check('csim', subject);
      expect(outcome.kind, `network ${number}: ${JSON.stringify(outcome)}`).not.toBe('failed');
    }
  });
});
