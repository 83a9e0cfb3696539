import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { designHls } from '../../src/backends/dataflow/design.js';
import { emitHls } from '../../src/backends/hls/emit.js';
import { withOtherWeights, withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import { weightImage } from '../../src/backends/hls/weight-image.js';
import { imageWords, weightLayout } from '../../src/backends/hls/weight-layout.js';
import { UserError } from '../../src/core/errors.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { make, plantedFault, projectOf } from './project.js';

const target = await loadFpga('kcu1500');
const sample = withReloadableWeights(sampleFixedGraph());

describe('firmware with reloadable weights', () => {
  let folder = '';
  beforeAll(() => {
    folder = projectOf(sample, { pixelsPerClock: 2 });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is bit-exact in every stream before, after and between exchanges, and refuses bad images', async () => {
    const { code, output } = await make(folder, 'check-streams');
    const passed = [...output.matchAll(/^PASS (.*)$/gm)].map((m) => m[1]);
    expect(passed).toEqual(
      expect.arrayContaining([
        '3 frames, every stream',
        'a reset in the middle of a load',
        'a reset in the middle of a load over the built-in weights',
        'other weights between two frames',
        'weights with a wrong bit are refused',
        'weights in a wrong order are refused',
        'weights for another design are refused',
        'weights that end too early are refused',
        'weights that do not end are refused',
        'the built-in weights again',
        'two exchanges, one a frame',
      ]),
    );
    expect(output).not.toContain('warning');
    expect(code).toBe(0);
  });

  it('fails its bench when new weights go to the bank that is in use', async () => {
    const message = await plantedFault(folder, 'firmware/vetoc/reload.h', (text) =>
      text.replace('int spare() const { return 1 - bank(); }', 'int spare() const { return bank(); }'),
    );
    expect(message).toMatch(/^MISMATCH case "a reset in the middle of a load": another score, or an upset/);
  });

  it('fails its bench when a damaged image is taken', async () => {
    const message = await plantedFault(folder, 'firmware/vetoc/reload.h', (text) =>
      text.replace('s.place == LAST && beat.data != crc32_of(s.crc)', 'false'),
    );
    expect(message).toMatch(/^MISMATCH frame 0, /);
  });
});

describe('a network whose biases are larger than all its products', () => {
  it('becomes firmware that takes its weights back', () => {
    const biased = withReloadableWeights({
      ...sample,
      reloadable: false,
      nodes: sample.nodes.map((n) =>
        n.id === 'logits' && n.kind === 'dense'
          ? { ...n, weights: { ...n.weights, bias: n.weights.bias.map(() => 500_000) } }
          : n,
      ),
    });
    expect(refusal(biased, biased)).toBe('taken');
    expect(emitHls(biased, { target })['firmware/tables/logits.h']).toContain('500000');
  });
});

/** The refusal of an image of `network` for firmware of `firmware`. */
function refusal(firmware: FixedGraph, network: FixedGraph): string {
  const { plan } = designHls(firmware, { target });
  try {
    weightImage(weightLayout(firmware, plan), network);
    return 'taken';
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message;
  }
}

/** `graph` with the weights of its first convolution changed. */
const withConv1 = (graph: FixedGraph, change: (node: { weights: unknown }) => object): FixedGraph => ({
  ...graph,
  nodes: graph.nodes.map((n) => (n.id === 'conv1' && n.kind === 'conv2d' ? { ...n, ...change(n) } : n)),
});

describe('an image of weights', () => {
  it('has the words that its layout says, whatever the folding', () => {
    for (const pixelsPerClock of [1, 8] as const) {
      const { plan } = designHls(sample, { target, pixelsPerClock });
      const layout = weightLayout(sample, plan);
      expect(weightImage(layout, sample).length).toBe(imageWords(layout));
    }
  });

  it('can be made of the same network with constant weights, and of one with other scales', () => {
    expect(refusal(sample, sampleFixedGraph())).toBe('taken');
    expect(refusal(sample, withOtherWeights(sample))).toBe('taken');
  });

  it('is refused for a network of another structure, and the first difference is named', () => {
    expect(refusal(sample, sampleFixedGraph({ weightBits: 6 }))).toMatch(
      /it has "conv1 = conv2d\(lut\).*6bit.* where the firmware has "conv1 = .*8bit/,
    );
    expect(refusal(sample, sampleFixedGraph({ inputBits: 7 }))).toMatch(/it has "lut = /);
  });

  it('is refused when the scale of a channel is beyond the shifts of the firmware', () => {
    const coarse = sampleFixedGraph();
    const conv1 = coarse.nodes.find((n) => n.id === 'conv1')!;
    if (conv1.kind !== 'conv2d') throw new Error('conv1 is a convolution');
    const weights = { ...conv1.weights, fraction: conv1.weights.fraction.map((f) => f + 20) };
    expect(
      refusal(
        sample,
        withConv1(coarse, () => ({ weights })),
      ),
    ).toMatch(
      /conv1, channel 0: the scale of its weights is beyond the firmware's by 2\^\d+ — build new firmware/,
    );
  });
});

describe('a network with reloadable weights', () => {
  it('gives the same integers as with constant ones', () => {
    const constant = sampleFixedGraph();
    for (const frame of sampleFrames(2, 40 * 36, 3))
      expect(interpret(sample, frame, true)).toEqual(interpret(constant, frame, true));
  });
});
