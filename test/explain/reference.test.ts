/** Our maps against those of pytorch-grad-cam: see reference/make_reference.py. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExplainer, type Explainer } from '../../src/explain/grad-cam.js';
import type { MapMethod } from '../../src/explain/method-names.js';
import { evidenceMap } from '../../src/explain/methods.js';
import { format } from '../../src/fixed/format.js';
import { nodeId, type Padding } from '../../src/ir/common.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import type { FloatNode } from '../../src/ir/ops/index.js';
import { openBackend } from '../../src/tensorflow/backend.js';

interface Parameters {
  readonly weights: readonly number[];
  readonly bias: readonly number[];
}
interface Reference {
  readonly height: number;
  readonly width: number;
  readonly weights: Readonly<Record<'conv1' | 'conv2' | 'dense', Parameters>>;
  readonly cases: readonly {
    readonly frame: readonly number[];
    readonly target: number;
    readonly logit: number;
    readonly maps: Readonly<
      Record<Exclude<MapMethod, 'random'>, Readonly<Record<string, readonly number[]>>>
    >;
  }[];
}

const reference = JSON.parse(
  readFileSync(new URL('reference/maps.json', import.meta.url), 'utf8'),
) as Reference;

/** The network of the script, reading the raw frame. */
function referenceGraph({ height, width, weights }: Reference): FloatGraph {
  const padding: Padding = [1, 1, 1, 1];
  const real = ({ weights: w, bias }: Parameters) => ({ weights: Float32Array.from(w), bias: Float32Array.from(bias) }); // prettier-ignore
  const conv = (id: string, input: string, from: Parameters): FloatNode => ({
    id: nodeId(id),
    kind: 'conv2d',
    inputs: [nodeId(input)],
    kernel: [3, 3],
    strides: [1, 1],
    padding,
    groups: 1,
    ...real(from),
  });
  const relu = (id: string, input: string): FloatNode => ({
    id: nodeId(id),
    kind: 'relu',
    inputs: [nodeId(input)],
  });
  return {
    name: 'reference',
    nodes: [
      {
        id: nodeId('input'),
        kind: 'input',
        inputs: [],
        size: [height, width],
        format: format(false, 16, 16),
      },
      conv('conv1', 'input', weights.conv1),
      relu('relu1', 'conv1'),
      {
        id: nodeId('pool1'),
        kind: 'maxPool',
        inputs: [nodeId('relu1')],
        kernel: [2, 2],
        strides: [2, 2],
        padding: [0, 0, 0, 0],
      },
      conv('conv2', 'pool1', weights.conv2),
      relu('relu2', 'conv2'),
      { id: nodeId('flat'), kind: 'flatten', inputs: [nodeId('relu2')] },
      { id: nodeId('dense'), kind: 'dense', inputs: [nodeId('flat')], ...real(weights.dense) },
    ],
    output: nodeId('dense'),
    classNames: ['a', 'b', 'c'],
    hitClasses: [false, true, true],
    threshold: 0,
  };
}

describe('agreement with pytorch-grad-cam', () => {
  let explainer: Explainer;
  beforeAll(async () => {
    await openBackend('wasm');
    explainer = createExplainer(referenceGraph(reference));
  });
  afterAll(() => {
    explainer.dispose();
  });

  const maps = reference.cases.flatMap((one, index) =>
    Object.entries(one.maps).flatMap(([method, layers]) =>
      Object.entries(layers).map(([layer, values]) => ({ ...one, index, method: method as MapMethod, layer, values })),
    ),
  ); // prettier-ignore

  it.each(maps)(
    'case $index: $method at $layer to 1e-4',
    ({ frame, target, logit, method, layer, values }) => {
      const pixels = Uint16Array.from(frame);
      const request = {
        explainer,
        pixels,
        layer: nodeId(layer),
        target: { kind: 'class', index: target },
        seed: 0,
      } as const;
      const map = evidenceMap(method, request);
      expect(map.target).toBeCloseTo(logit, 4);
      const top = Math.max(...values);
      expect(top).toBeGreaterThan(0);
      expect(map.values).toHaveLength(values.length);
      let worst = 0;
      for (let i = 0; i < values.length; i++)
        worst = Math.max(worst, Math.abs(map.values[i]! - values[i]!) / top);
      expect(worst).toBeLessThan(1e-4);
    },
  );
});
