/** A small fixed graph with every op that a fixed graph can hold, uneven in all that can be uneven. */
import { createRandom } from '../../src/core/random.js';
import { bitsFor, format, type Format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder, type UnprovenNode } from '../../src/ir/build.js';
import { nodeId, type NodeId } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { tableOf } from '../../src/ir/ops/table.js';
import { counts, integers, NONE, weights } from './small-graphs.js';
import { window } from './computed.js';

/** Rows and columns of its frames. */
export const SIZE = [13, 20] as const;

type Fields<N> = N extends UnprovenNode ? Omit<N, 'id' | 'inputs'> : never;

export function everyOpGraph(): FixedGraph {
  const builder = createFixedGraphBuilder();
  const random = createRandom(3);
  const add = (name: string, inputs: readonly NodeId[], node: Fields<UnprovenNode>): NodeId =>
    builder.add({ id: nodeId(name), inputs, ...node } as UnprovenNode);
  const drawn = (count: number, channels: number) =>
    weights(
      Array.from({ length: count }, () => random.integer(-8, 7)),
      Array.from({ length: channels }, () => random.integer(-40, 40)),
      Array.from({ length: channels }, () => random.integer(3, 5)),
      4,
    );
  const table = (length: number): Int32Array<ArrayBuffer> =>
    Int32Array.from({ length }, () => random.integer(0, 255));

  const input = add('input', [], { kind: 'input', size: SIZE, format: counts(16) });
  const crop = add('crop', [input], { kind: 'crop', offset: [1, 2], size: [12, 18], format: counts(16) });
  const live = Uint8Array.from({ length: 12 * 18 }, (_, i) => (i % 5 === 2 ? 0 : 1));
  const mask = add('mask', [crop], { kind: 'mask', live, format: counts(16) });
  const second = add('second', [mask], { kind: 'bin', mode: 'second', factor: [2, 2], format: counts(16) });
  const contrast = add('contrast', [second], { kind: 'contrast', distance: 2, format: counts(16) });
  const sum = add('sum', [mask], { kind: 'bin', mode: 'sum', factor: [2, 2], format: counts(18) });
  const max = add('max', [mask], { kind: 'bin', mode: 'max', factor: [2, 2], format: counts(16) });
  const views = [contrast, sum, max].map((from, i) => {
    const [least, most] = [i, 40 + i];
    const clamp = add(`clamp${i}`, [from], {
      kind: 'clamp',
      min: least,
      max: most,
      format: counts(bitsFor(0, most)),
    });
    const entries = { first: least, table: table(most - least + 1) };
    return add(`lut${i}`, [clamp], { kind: 'lut', ...entries, format: format(false, 8, 2) });
  });
  // 6 × 9 × 4.
  const joined = add('joined', [...views, views[0]!], { kind: 'concat', format: format(false, 8, 2) });
  const conv = add('conv', [joined], {
    kind: 'conv2d',
    ...window([3, 2], [1, 2], [1, 0, 1, 1]),
    groups: 2,
    weights: drawn(3 * 2 * 2 * 6, 6),
    activation: { kind: 'prelu', alphaMantissas: [-3, 0, 2, 5, -1, 9], alphaFraction: 2 },
    format: format(true, 9, 4),
  });
  // 6 × 5 × 6.
  const largest = add('largest', [conv], {
    kind: 'maxPool',
    ...window([2, 3], [1, 2], [1, 1, 0, 1]),
    format: format(true, 9, 4),
  });
  const depthwise = add('depthwise', [conv], {
    kind: 'depthwiseConv2d',
    ...window([2, 3], [1, 2], [1, 1, 0, 1]),
    weights: drawn(2 * 3 * 6, 6),
    activation: { kind: 'clip', min: -90, max: 100 },
    format: format(true, 8, 4),
  });
  // 6 × 3 × 6 from here on.
  const residual = add('residual', [largest, depthwise], {
    kind: 'add',
    activation: { kind: 'prelu', alphaMantissas: [3, -2, 0, 8, 11, -9], alphaFraction: 3 },
    format: format(true, 10, 4),
  });
  const narrow = add('narrow', [residual], { kind: 'requantize', format: format(true, 6, 3) });
  const curve = { kind: 'hardSwish' } as const;
  const swished: Format = format(true, 7, 3);
  const entries = tableOf(curve, format(true, 6, 3), swished);
  const bent = add('bent', [narrow], { kind: 'table', of: curve, ...entries, format: swished });
  const gate = add('gate', [bent], {
    kind: 'globalAvgPool',
    reciprocal: 57,
    reciprocalFraction: 10,
    format: format(true, 7, 2),
  });
  const gated = add('gated', [bent, gate], {
    kind: 'multiply',
    activation: { kind: 'relu' },
    format: format(true, 8, 4),
  });
  const mean = add('mean', [gated], {
    kind: 'avgPool',
    ...window([3, 3], [2, 1], [1, 1, 2, 2]),
    counted: [0, 1, 1, 1],
    reciprocal: 7,
    reciprocalFraction: 6,
    reciprocals: Int32Array.of(0, 64, 32, 21, 16, 13, 11, 9, 8, 7),
    format: format(true, 8, 3),
  });
  // 4 × 4 × 6, then 8 × 12 × 6.
  const wide = add('wide', [mean], { kind: 'upsample', factor: [2, 3], format: format(true, 8, 3) });
  const whole = add('whole', [wide], { kind: 'globalMaxPool', format: format(true, 8, 3) });
  const flat = add('flat', [wide], { kind: 'flatten', format: format(true, 8, 3) });
  const all = add('all', [whole, flat], { kind: 'concat', format: format(true, 8, 3) });
  const logits = add('logits', [all], {
    kind: 'dense',
    weights: drawn((6 + 8 * 12 * 6) * 2, 2),
    activation: NONE,
    format: integers(12),
  });
  return builder.build({
    name: 'every-op',
    output: logits,
    classNames: ['miss', 'hit'],
    hitClasses: [false, true],
    threshold: 0,
  });
}

/** Random frames of `SIZE`: mostly a few counts, some many. */
export function everyOpFrames(count: number): readonly Uint16Array[] {
  const random = createRandom(8);
  return Array.from({ length: count }, () =>
    Uint16Array.from({ length: SIZE[0] * SIZE[1] }, () =>
      random.uniform() < 0.8 ? random.integer(0, 45) : random.integer(0, 65535),
    ),
  );
}
