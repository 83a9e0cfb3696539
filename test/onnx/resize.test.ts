/** Resizing to the nearest pixel: taken where it makes blocks or picks pixels at even distances, ONNX Runtime on the file judging. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOnnxWriter } from '../../src/backends/onnx/writer.js';
import { loadOrt, openSession } from '../../src/backends/onnx/ort/session.js';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { compareWritten, importWritten } from './import-written.js';
import { SIDE, writtenModel, type Image, type Model } from './patterns.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-resize-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Attributes = Parameters<Model['node']>[2];
const half = SIDE / 2;
const ints = (...values: number[]) => ({ ints: values });

/** Which of six pixels ONNX Runtime takes for each of `6 · factor`. */
async function repeated(of: Attributes, factor: number): Promise<readonly number[]> {
  const writer = createOnnxWriter();
  writer.input('x', 'float', [1, 1, half, 1]);
  const scales = writer.constant('scales', 'float', [1, 1, factor, 1], [4]);
  writer.output(writer.node('Resize', 'resize', ['x', '', scales], { attributes: of! }), 'float', [
    1,
    1,
    'H',
    1,
  ]);
  const facts = { graphName: 'r', doc: '', producerVersion: '', metadata: {}, opset: 17 };
  const session = await openSession(writer.finish(facts), { optimization: 'disabled' });
  const { Tensor } = await loadOrt();
  const ramp = new Tensor(
    'float32',
    Float32Array.from({ length: half }, (_, i) => i),
    [1, 1, half, 1],
  );
  const outputs = await session.run({ x: ramp });
  await session.release();
  return Array.from(outputs['resize']!.data as Float32Array);
}

/** A convolution, the Resize or Upsample, another convolution of a stride of its own, the mean and two logits. */
const network =
  (resize: (m: Model, x: string) => string) =>
  (m: Model, x: Image): readonly [string, number] => {
    const small = m.node('MaxPool', [m.conv(x, 4).name], { kernel_shape: ints(2, 2), strides: ints(2, 2) });
    const y = m.node('Conv', [resize(m, small), m.weights(4, 4, 3, 3)], { strides: ints(2, 1) });
    const mean = m.node('Flatten', [m.node('GlobalAveragePool', [m.node('Relu', [y])])]);
    return [m.node('Gemm', [mean, m.weights(2, 4), m.weights(2)], { transB: { int: 1 } }), 2];
  };

const attributes = (transformation: string, nearest: string): Attributes => ({
  mode: { text: 'nearest' },
  coordinate_transformation_mode: { text: transformation },
  nearest_mode: { text: nearest },
});
const byScales = (of: Attributes, ...scales: number[]) =>
  network((m, x) => m.node('Resize', [x, '', m.constant(scales, [scales.length])], of));
const bySizes = (of: Attributes, height: number, width: number) =>
  network((m, x) => m.node('Resize', [x, '', '', m.ints(1, 4, height, width)], of));

const TRANSFORMATIONS = ['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners'];
const ROUNDINGS = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];
const COMBINATIONS = TRANSFORMATIONS.flatMap((t) => ROUNDINGS.map((r) => `${t}, ${r}`));
/** Those that make blocks at every whole factor. */
const BLOCKS = [
  'half_pixel, round_prefer_floor',
  'half_pixel, round_prefer_ceil',
  'pytorch_half_pixel, round_prefer_floor',
  'pytorch_half_pixel, round_prefer_ceil',
  'asymmetric, floor',
];
const combined = (name: string): Attributes => attributes(...(name.split(', ') as [string, string]));

const compare = (build: ReturnType<typeof network>, opset = 17) =>
  compareWritten(writtenModel(build, 3, opset), join(folder, 'model.onnx'));

async function expectEqual(build: ReturnType<typeof network>, opset?: number): Promise<void> {
  const { difference, magnitude } = await compare(build, opset);
  expect(magnitude).toBeGreaterThan(1e-3);
  expect(difference / magnitude).toBeLessThan(2 ** -17);
}

describe('a Resize to the nearest pixel', () => {
  it.each(BLOCKS)('of %s and a whole factor is an upsampling', async (name) => {
    for (const scales of [
      [1, 1, 2, 2],
      [1, 1, 3, 2],
      [1, 1, 1, 4],
    ])
      await expectEqual(byScales(combined(name), ...scales));
    const { graph } = importWritten(writtenModel(byScales(combined(name), 1, 1, 3, 2), 3, 17));
    expect(graph.nodes.find(({ kind }) => kind === 'upsample')).toMatchObject({ factor: [3, 2] });
  });

  it.each(COMBINATIONS)(
    'of %s is taken where ONNX Runtime itself makes blocks, and nowhere else',
    async (name) => {
      const blocks: number[] = [];
      for (const factor of [2, 3, 4, 5]) {
        const pixels = await repeated(combined(name), factor);
        const isBlock = pixels.every((pixel, i) => pixel === Math.floor(i / factor));
        if (isBlock) blocks.push(factor);
        const build = byScales(combined(name), 1, 1, factor, 1);
        if (isBlock) await expectEqual(build);
        else expect(() => importWritten(writtenModel(build, 3, 17))).toThrow(/Resize.*no whole number/);
      }
      if (BLOCKS.includes(name)) expect(blocks).toEqual([2, 3, 4, 5]);
      else expect(blocks.length).toBeLessThan(4);
    },
  );

  it('by sizes, by axes of their own, and by a factor of one is the same', async () => {
    await expectEqual(bySizes(combined('asymmetric, floor'), 2 * half, 3 * half));
    await expectEqual(bySizes(combined('half_pixel, round_prefer_floor'), half, half));
    await expectEqual(
      network((m, x) =>
        m.node('Resize', [x, '', m.constant([2, 3], [2])], {
          ...combined('asymmetric, floor'),
          axes: ints(-1, 2),
        }),
      ),
      18,
    );
    // Nothing but defaults: half pixels, halves to the lower one.
    await expectEqual(byScales({}, 1, 1, 2, 2));
  });

  it('of half and a third of the size picks pixels', async () => {
    await expectEqual(byScales(combined('asymmetric, floor'), 1, 1, 0.5, 1));
    await expectEqual(bySizes(combined('half_pixel, round_prefer_floor'), 6, 3));
  });

  it('as opset 9 and 10 write it', async () => {
    await expectEqual(
      network((m, x) =>
        m.node('Upsample', [x, m.constant([1, 1, 2, 3], [4])], { mode: { text: 'nearest' } }),
      ),
      9,
    );
    // Opset 7 states the scales in an attribute.
    const old = ModelProto.decode(
      writtenModel(
        network((m, x) => m.node('Upsample', [x])),
        3,
        7,
      ),
    );
    old.graph!.node!.find(({ opType }) => opType === 'Upsample')!.attribute = [
      { name: 'scales', type: 6, floats: [1, 1, 3, 2] },
    ];
    const compared = await compareWritten(ModelProto.encode(old).finish(), join(folder, 'old.onnx'));
    expect(compared.difference / compared.magnitude).toBeLessThan(2 ** -17);
    for (const scale of [2, 0.5])
      await expectEqual(
        network((m, x) => m.node('Resize', [x, m.constant([1, 1, scale, 1], [4])])),
        10,
      );
  });
});

describe('another Resize', () => {
  const refused = (build: ReturnType<typeof network>, says: RegExp, opset = 17): void => {
    expect(() => importWritten(writtenModel(build, 3, opset))).toThrow(says);
  };

  it('is refused by its node, and why', () => {
    refused(
      byScales({ mode: { text: 'linear' } }, 1, 1, 2, 2),
      /resize_\d+ \(Resize\): resizes by mode linear/,
    );
    refused(byScales({ mode: { text: 'cubic' } }, 1, 1, 2, 2), /mode cubic/);
    refused(byScales(combined('asymmetric, floor'), 1, 1, 1.5, 2), /no whole number/);
    refused(bySizes(combined('asymmetric, floor'), 7, 6), /no whole number/);
    refused(byScales(combined('asymmetric, floor'), 1, 2, 2, 2), /resizes the channels/);
    refused(byScales(combined('asymmetric, floor'), 2, 1, 2, 2), /resizes the batch/);
    refused(byScales(combined('tf_crop_and_resize, floor'), 1, 1, 2, 2), /tf_crop_and_resize/);
    refused(
      byScales({ ...combined('asymmetric, floor'), antialias: { int: 1 } }, 1, 1, 2, 2),
      /antialias/,
      18,
    );
    refused(
      byScales(
        { ...combined('asymmetric, floor'), keep_aspect_ratio_policy: { text: 'not_larger' } },
        1,
        1,
        2,
        2,
      ),
      /keep_aspect_ratio_policy not_larger/,
      18,
    );
  });

  it('that only repeats what is pooled over the whole image is refused, as it changes nothing', () => {
    const useless = (m: Model, x: Image): readonly [string, number] => {
      const big = m.node('Resize', [m.conv(x, 4).name, '', m.constant([1, 1, 2, 2], [4])]);
      const mean = m.node('Flatten', [m.node('GlobalAveragePool', [big])]);
      return [m.node('Gemm', [mean, m.weights(4, 2)]), 2];
    };
    expect(() => importWritten(writtenModel(useless, 3, 17))).toThrow(
      /Resize .* only repeats: that changes nothing and costs 4 times the work/,
    );
  });
});
