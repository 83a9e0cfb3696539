/**
 * How much processor time `vetoc import` of a ResNet-18 takes, of this checkout beside others, in turns on one machine.
 *
 *     npx tsx test/bench/import.ts CHECKOUT… [--model FILE] [--rounds N]
 *
 * Each CHECKOUT is a built one; ratios are to the first. Without a model it is torchvision's ResNet-18 for one grey channel, whole (11
 * million random weights, 43 MiB). Median and least of N rounds (default 5). How much of it is running original and import on frames, to
 * compare them, is measured in this process.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createOnnxWriter } from '../../src/backends/onnx/writer.js';
import { createRandom } from '../../src/core/random.js';
import { table } from '../../src/core/table.js';
import { fittingPreprocess } from '../../src/frontends/import-network.js';
import { openModelFile } from '../../src/frontends/model-file.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { compareWithOriginal, comparisonFrames } from '../../src/frontends/original/compare.js';
import { quantile } from '../../src/statistics/quantile.js';

const SIDE = 512;

/** He et al., arXiv:1512.03385, as torchvision exports it with its normalisations folded. */
function resnet18(): Uint8Array {
  const writer = createOnnxWriter();
  const random = createRandom(1);
  const ints = (...values: number[]) => ({ ints: values });
  const weights = (name: string, dims: readonly number[]): string => {
    const size = dims.reduce((a, b) => a * b, 1);
    const scale = Math.sqrt(6 / (size / dims[0]!));
    return writer.constant(name, 'float', Float32Array.from({ length: size }, () => scale * (random.uniform() - 0.5)), dims); // prettier-ignore
  };
  const conv = (
    x: string,
    name: string,
    from: number,
    to: number,
    kernel: number,
    stride: number,
  ): string => {
    const pad = (kernel - 1) / 2;
    return writer.node(
      'Conv',
      `${name}/Conv_output_0`,
      [x, weights(`${name}.weight`, [to, from, kernel, kernel]), weights(`${name}.bias`, [to])],
      { attributes: { kernel_shape: ints(kernel, kernel), strides: ints(stride, stride), pads: ints(pad, pad, pad, pad) } }, // prettier-ignore
    );
  };
  const relu = (x: string, name: string): string => writer.node('Relu', `${name}/Relu_output_0`, [x]);
  const block = (x: string, name: string, from: number, to: number, stride: number): string => {
    const inner = relu(conv(x, `${name}/conv1`, from, to, 3, stride), `${name}/relu`);
    const body = conv(inner, `${name}/conv2`, to, to, 3, 1);
    const short = stride === 1 ? x : conv(x, `${name}/downsample`, from, to, 1, stride);
    return relu(writer.node('Add', `${name}/Add_output_0`, [body, short]), `${name}/relu_1`);
  };
  writer.input('input', 'float', ['N', 1, 'H', 'W']);
  let x = relu(conv('input', '/conv1', 1, 64, 7, 2), '/relu');
  x = writer.node('MaxPool', '/maxpool/MaxPool_output_0', [x], {
    attributes: { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(1, 1, 1, 1) },
  });
  [64, 128, 256, 512].forEach((to, stage) => {
    x = block(
      x,
      `/layer${stage + 1}/layer${stage + 1}.0`,
      stage === 0 ? 64 : to / 2,
      to,
      stage === 0 ? 1 : 2,
    );
    x = block(x, `/layer${stage + 1}/layer${stage + 1}.1`, to, to, 1);
  });
  const mean = writer.node('GlobalAveragePool', '/avgpool/GlobalAveragePool_output_0', [x]);
  const flat = writer.node('Flatten', '/Flatten_output_0', [mean]);
  const fc = [flat, weights('fc.weight', [2, 512]), weights('fc.bias', [2])];
  writer.output(writer.node('Gemm', 'output', fc, { attributes: { transB: { int: 1 } } }), 'float', ['N', 2]);
  return writer.finish({ graphName: 'main_graph', doc: '', producerVersion: '', metadata: {}, opset: 17 });
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { model: { type: 'string' }, rounds: { type: 'string', default: '5' } },
});
const checkouts = positionals.map((path) => resolve(path));
const folder = mkdtempSync(join(tmpdir(), 'vetoc-import-'));

/** Seconds of processor time of one import, all its threads together. */
function seconds(checkout: string, model: string): number {
  const out = join(folder, 'out');
  rmSync(out, { recursive: true, force: true });
  const command = `"${process.execPath}" dist/cli/main.js import "${model}" --out "${out}" --frame-size ${SIDE}x${SIDE} >/dev/null && times`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: checkout, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${checkout}: ${stderr}`);
  // The second line is of the children: user and system.
  const parts = stdout
    .trim()
    .split('\n')[1]!
    .matchAll(/(\d+)m([\d.]+)s/g);
  return [...parts].reduce((sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest), 0);
}

try {
  const model = options.model === undefined ? join(folder, 'resnet18.onnx') : resolve(options.model);
  if (options.model === undefined) writeFileSync(model, resnet18());
  const taken = checkouts.map((): number[] => []);
  for (let round = 0; round < Number(options.rounds); round++)
    checkouts.forEach((checkout, k) => taken[k]!.push(seconds(checkout, model)));
  const medians = taken.map((all) => quantile(all, 0.5));
  console.log(`${(readFileSync(model).length / 2 ** 20).toFixed(1)} MiB, ${options.rounds} rounds in turns`);
  console.log(
    table(
      ['checkout', 'processor time, median', 'least', 'ratio of medians'],
      checkouts.map((path, k) => [
        path,
        `${medians[k]!.toFixed(2)} s`,
        `${Math.min(...taken[k]!).toFixed(2)} s`,
        (medians[k]! / medians[0]!).toFixed(2),
      ]),
    ),
  );
  const file = await openModelFile(model);
  if (file.kind === 'network') {
    const options = fittingPreprocess(preprocessSchema.parse({ factor: 4 }), [SIDE, SIDE], file.wanted);
    const preprocess = preprocessNodes(options, [SIDE, SIDE]);
    const classes = () => ({ classNames: ['miss', 'hit'], hitClasses: [false, true] });
    const { imported, openOriginal } = file.build({ name: 'bench', preprocess, classes });
    const before = process.cpuUsage();
    const original = await openOriginal();
    await compareWithOriginal(imported, original, comparisonFrames(imported.graph));
    await original.close();
    const { user, system } = process.cpuUsage(before);
    console.log(`of which the comparison with the original: ${((user + system) / 1e6).toFixed(2)} s`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
