/** Every rounding and overflow mode, in float32 and in float64, against the interpreter. */
import { describe, expect, it } from 'vitest';
import { format, OVERFLOWS, QUANTIZATIONS, type Format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder } from '../../src/ir/build.js';
import type { Activation } from '../../src/ir/activations.js';
import { NO_PADDING, nodeId } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';

const SIDE = 24;
/** The values 0 … 575, one a pixel. */
const everyValue = Uint16Array.from({ length: SIDE * SIDE }, (_, i) => i);

/** Formats of one rounding: an unsigned one has no sign to wrap by. */
const PER_ROUNDING = 2 * OVERFLOWS.length - 1;

const targets = (width: number, integer: number): Format[] =>
  QUANTIZATIONS.flatMap((q) =>
    OVERFLOWS.flatMap((o) => [
      format(true, width, integer, q, o),
      ...(o === 'AP_WRAP_SM' ? [] : [format(false, width, integer, q, o)]),
    ]),
  );

/** A table that spreads the pixels over [−spread·288, spread·287] at 4 fraction bits, then every target from it. */
function modesGraph(
  spread: number,
  width: number,
  activations: readonly Activation[],
  first = 0,
): FixedGraph {
  const b = createFixedGraphBuilder();
  const input = b.add({
    id: nodeId('input'),
    kind: 'input',
    inputs: [],
    size: [SIDE, SIDE],
    format: format(false, 16, 16),
  });
  const clamp = b.add({
    id: nodeId('clamp'),
    kind: 'clamp',
    inputs: [input],
    min: 0,
    max: 575,
    format: format(false, 10, 10),
  });
  const table = Int32Array.from({ length: 576 }, (_, i) => (i - 288) * spread + (i % 3));
  const lut = b.add({
    id: nodeId('lut'),
    kind: 'lut',
    inputs: [clamp],
    first: 0,
    table,
    format: format(true, 32, 28),
  });
  targets(width, width - 1).forEach((to, i) => {
    b.add({ id: nodeId(`direct_${i}`), kind: 'requantize', inputs: [lut], format: to });
    // Each activation meets each mode over the values of `first`; all at once would take a minute.
    const k = (i + Math.floor(i / PER_ROUNDING) + first) % activations.length;
    b.add({
      id: nodeId(`stage_${i}_${k}`),
      kind: 'conv2d',
      inputs: [lut],
      kernel: [1, 1],
      strides: [1, 1],
      padding: NO_PADDING,
      groups: 1,
      // One channel shifts right, one not at all, one left.
      weights: {
        mantissas: Int32Array.of(3, -5, 1),
        width: 4,
        fraction: Int32Array.of(2, -3, -5),
        bias: Float64Array.of(7, -1, 0),
      },
      activation: activations[k]!,
      format: to,
    });
  });
  const pooled = b.add({
    id: nodeId('pooled'),
    kind: 'globalMaxPool',
    inputs: [lut],
    format: format(true, 32, 28),
  });
  const logits = b.add({
    id: nodeId('logits'),
    kind: 'concat',
    inputs: [pooled, pooled],
    format: format(true, 32, 28),
  });
  return b.build({
    name: 'modes',
    output: logits,
    classNames: ['miss', 'hit'],
    hitClasses: [false, true],
    threshold: 0,
  });
}

const ACTIVATIONS: readonly Activation[] = [
  { kind: 'none' },
  { kind: 'relu' },
  { kind: 'clip', min: -3, max: 2 },
  { kind: 'leakyRelu', alphaMantissa: 3, alphaFraction: 4 },
  { kind: 'leakyRelu', alphaMantissa: 3, alphaFraction: 1 },
];

async function mismatches(graph: FixedGraph, frame: Uint16Array): Promise<string[]> {
  const witness = await createOrtWitness(graph);
  const [result] = await witness.run([frame], { tensors: true });
  await witness.close();
  const expected = interpret(graph, frame, true).tensors;
  expect([...result!.tensors.keys()]).toEqual([...expected.keys()]);
  return [...expected].flatMap(([id, tensor]) => {
    const i = tensor.findIndex((v, k) => v !== result!.tensors.get(id)![k]);
    if (i < 0) return [];
    const node = graph.nodes.find((n) => n.id === id)!;
    return [
      `${id} ${JSON.stringify(node.format)}: ${tensor[i]!} but ${result!.tensors.get(id)![i]!} at ${i}`,
    ];
  });
}

describe('requantization in ONNX', () => {
  it('is exact in float32 for all 7 roundings, 5 overflows and 5 activations, signed and unsigned', async () => {
    for (let first = 0; first < ACTIVATIONS.length; first += 2)
      expect(await mismatches(modesGraph(1, 5, ACTIVATIONS, first), everyValue)).toEqual([]);
  });

  it('is exact in float64 for the same, with accumulators above 2^24', async () => {
    expect(await mismatches(modesGraph(3_700_003, 5, ACTIVATIONS, 1), everyValue)).toEqual([]);
    expect(await mismatches(modesGraph(3_700_003, 28, [{ kind: 'none' }]), everyValue)).toEqual([]);
  });

  it('moves a tie that float32 cannot see when it adds one half', async () => {
    // 0.49999997 + 0.5 is 1 in float32: floor(v + 0.5) would round it up.
    const b = createFixedGraphBuilder();
    const input = b.add({
      id: nodeId('input'),
      kind: 'input',
      inputs: [],
      size: [1, 2],
      format: format(false, 16, 16),
    });
    const clamp = b.add({
      id: nodeId('clamp'),
      kind: 'clamp',
      inputs: [input],
      min: 0,
      max: 3,
      format: format(false, 2, 2),
    });
    const table = Int32Array.of(2 ** 23 - 1, -(2 ** 23 - 1), 2 ** 23, -(2 ** 23));
    const lut = b.add({
      id: nodeId('lut'),
      kind: 'lut',
      inputs: [clamp],
      first: 0,
      table,
      format: format(true, 25, 1),
    });
    const outputs = QUANTIZATIONS.map((q, i) =>
      b.add({ id: nodeId(`to_${i}`), kind: 'requantize', inputs: [lut], format: format(true, 3, 3, q) }),
    );
    const pooled = outputs.map((id, i) =>
      b.add({
        id: nodeId(`pooled_${i}`),
        kind: 'globalMaxPool',
        inputs: [id],
        format: format(true, 3, 3, QUANTIZATIONS[i]!),
      }),
    );
    const logits = b.add({
      id: nodeId('out'),
      kind: 'concat',
      inputs: [pooled[0]!, pooled[0]!],
      format: format(true, 3, 3, 'AP_RND'),
    });
    const graph = b.build({
      name: 'ties',
      output: logits,
      classNames: ['a', 'b'],
      hitClasses: [false, true],
      threshold: 0,
    });
    for (const frame of [Uint16Array.of(0, 1), Uint16Array.of(2, 3)])
      expect(await mismatches(graph, frame)).toEqual([]);
  });
});
