/** `vetoc explain` and its subcommands on a run folder and simulated frames, in this process. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { quantile } from '../../src/statistics/quantile.js';
import { openFrames } from '../../src/data/open.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { withoutRegions, type Region } from '../../src/explain/occlusion.js';
import { interpret } from '../../src/simulate/interpret.js';
import { projectOf } from '../hls/project.js';
import { brightGraph } from '../explain/small-graphs.js';
import { sampleFrames } from '../sample-graphs.js';
import { runCli } from './run-cli.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { writeRun } from './written-run.js';

const SIDE = 64;
const PNG = [0x89, 0x50, 0x4e, 0x47];
let folder = '';
let run = '';
let frames = '';
let unlabelled = '';
let fixed = brightGraph(SIDE);
const pixels: Uint16Array[] = [];
const labels: (number | null)[] = [];
const isPng = async (path: string): Promise<boolean> =>
  (await readFile(path)).subarray(0, 4).equals(Buffer.from(PNG));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-explain-'));
  run = join(folder, 'run');
  frames = join(folder, 'frames.h5');
  unlabelled = join(folder, 'plain.h5');
  await runCli(
    'simulate',
    frames,
    '--count',
    '20',
    '--size',
    `${SIDE}x${SIDE}`,
    '--variety',
    'standard',
    '--seed',
    '5',
  );
  const source = await openFrames([frames]);
  for (let i = 0; i < source.count; i++) {
    pixels.push((await source.read(i)).pixels);
    labels.push(source.label(i).label);
  }
  await source.close();
  const scores = pixels.map((frame) => interpret(fixed, frame).score);
  fixed = brightGraph(SIDE, Math.round(quantile(scores, 0.5)));
  await writeRun(run, fixed, dequantize(fixed));
  const writer = await createHdf5(unlabelled);
  const dataset = writer.growing('/entry/data/data', 'u2', [SIDE, SIDE], 1, 'none');
  for (const frame of sampleFrames(2, SIDE * SIDE, 1)) dataset.append(frame);
  await writer.commit();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const explain = (...words: string[]): ReturnType<typeof runCli> => runCli('explain', ...words);
const keptFrame = (): number => pixels.findIndex((frame) => interpret(fixed, frame).keep);

describe('vetoc explain', () => {
  interface Answer {
    readonly keep: boolean;
    readonly score: number;
    readonly removal: {
      readonly found: { readonly regions: Region[]; readonly score: number };
      readonly noneUpTo: number;
    };
    readonly pictures: { readonly picture: string }[];
  }

  it('names regions without which the firmware’s arithmetic decides otherwise', async () => {
    const index = keptFrame();
    const out = join(folder, 'why');
    const { code, stdout } = await explain(
      run,
      '--frame',
      `${frames}#${index}`,
      '--regions',
      '4',
      '--out',
      out,
      '--json',
    );
    expect(code).toBe(0);
    const answer = JSON.parse(stdout) as Answer;
    expect(answer).toMatchObject({ keep: true, score: interpret(fixed, pixels[index]!).score });
    expect(answer).toMatchObject({ certified: { whole: expect.any(Number), inRegion: expect.any(Number) } });
    const { regions, score } = answer.removal.found;
    const changed = interpret(fixed, withoutRegions(pixels[index]!, [SIDE, SIDE], regions));
    expect([changed.score, changed.keep]).toEqual([score, false]);
    expect(answer.removal.noneUpTo).toBeLessThan(regions.length);
    for (const { picture } of answer.pictures) expect(await isPng(picture), picture).toBe(true);
    expect(await readdir(out)).toContain('regions.png');
  });

  it.each([
    [['--frame', 'FRAMES#99'], /has 20 frames, there is no frame 99/],
    [['--frame', 'FRAMES'], /names no frame/],
    [['--frame', 'FRAMES#0', '--class', 'tree'], /there is no class "tree"/],
    [['--frame', 'FRAMES#0', '--layer', 'conv9'], /there is no map at layer conv9/],
    [[], /no frame to explain/],
  ])('refuses %j with one sentence', async (words, message) => {
    const { code, stderr } = await explain(
      run,
      ...words.map((word) => word.replace('FRAMES', frames)),
      '--out',
      folder,
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('vetoc explain check', () => {
  it('prints every method beside the random control, and the randomised layers', async () => {
    const { code, stdout } = await explain('check', run, '--frames', frames, '--count', '6', '--noise', '0');
    expect(code).toBe(0);
    for (const method of [
      'grad-cam',
      'hi-res-cam',
      'grad-cam-plus-plus',
      'guided-grad-cam',
      'occlusion',
      'random',
    ])
      expect(stdout).toMatch(new RegExp(`^${method} +\\d+ +\\d+ % `, 'm'));
    expect(stdout).toMatch(/^randomised down to +grad-cam /m);
    expect(stdout).toMatch(/^logits +-?\d\.\d\d /m);
    expect(stdout).toMatch(/^conv1 +-?\d\.\d\d /m);
  });

  it('gives the same as JSON, for kept frames with known peaks only', async () => {
    const { stdout } = await explain(
      'check',
      run,
      '--frames',
      frames,
      '--count',
      '1000',
      '--noise',
      '20',
      '--json',
    );
    const { maps: checks, noise } = JSON.parse(stdout) as { maps: { method: string; frames: number; randomised: { downTo: string; correlation: number }[] }[]; noise: Record<'dealt' | 'simulated', { frames: number; observed: number }> }; // prettier-ignore
    expect([noise.dealt.frames, noise.simulated.frames]).toEqual([pixels.length, pixels.length]);
    for (const one of Object.values(noise)) expect(one.observed).toBeLessThanOrEqual(one.frames);
    const source = await openFrames([frames]);
    const tested = pixels.map((_, i) => i).filter((i) => source.label(i).split === 'test');
    const wanted = tested.filter(
      (i) => (source.spots(i)?.length ?? 0) > 0 && interpret(fixed, pixels[i]!).keep,
    );
    await source.close();
    expect(wanted.length).toBeGreaterThan(0);
    for (const { method, frames: count, randomised } of checks) {
      expect(count).toBe(wanted.length);
      expect(randomised.map(({ downTo }) => downTo)).toEqual(
        method === 'occlusion' ? [] : ['logits', 'conv1'],
      );
    }
    const random = checks.find(({ method }) => method === 'random')!;
    for (const { correlation } of random.randomised) expect(correlation).toBeCloseTo(1, 6);
  });

  it('refuses frames that do not say where their peaks are', async () => {
    const { code, stderr } = await explain('check', run, '--frames', unlabelled);
    expect(code).toBe(2);
    expect(stderr).toContain('has no kept frame whose true peaks are known');
  });
});

it('vetoc why tells a frame by its name: physics, then a sentence, then the page', async () => {
  const out = join(folder, 'story');
  const { code, stdout, stderr } = await runCli(
    'why',
    run,
    `${frames}#${keptFrame()}`,
    '--no-replay',
    '--out',
    out,
  );
  expect([code, stderr]).toEqual([0, expect.anything()]);
  const order = [
    'peakfinder8 finds',
    'Mean level',
    `Frame ${keptFrame()} is kept: `,
    'redraws of its Poisson noise',
    'In levels of',
  ];
  const places = order.map((words) => stdout.indexOf(words));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places[0]).toBeGreaterThanOrEqual(0);
  const page = await readFile(join(out, 'index.html'), 'utf8');
  for (const part of ['What is on the frame', 'In photons', 'data:image/png;base64,'])
    expect(page).toContain(part);
});

describe('the frames that an explanation speaks of', () => {
  interface Replayed {
    readonly keep: boolean;
    readonly peaks: { readonly count: number };
    readonly replays: readonly {
      readonly witness: string;
      readonly frames: readonly string[];
      readonly same: number;
      readonly total: number;
      readonly missing: string | null;
    }[];
  }
  const replayed = async (): Promise<Replayed> => {
    // The vetoed frame that is nearest to the threshold: few peaks keep it.
    const scores = pixels.map((frame) => interpret(fixed, frame).score);
    const nearest = Math.max(...scores.filter((score) => score < fixed.threshold));
    const { code, stdout } = await explain(run, `${frames}#${scores.indexOf(nearest)}`, '--json', '--out', join(folder, 'replayed'), '--replace'); // prettier-ignore
    expect(code).toBe(0);
    return JSON.parse(stdout) as Replayed;
  };

  it('are replayed through the emitted ONNX and C++, added peaks and photons among them', async () => {
    expect((await runCli('export', 'onnx', run)).code).toBe(0);
    await cp(projectOf(fixed, {}), join(run, 'hls'), { recursive: true });
    const { keep, peaks, replays } = await replayed();
    expect([keep, replays.map(({ witness }) => witness)]).toEqual([false, ['onnxruntime', 'csim']]);
    for (const { frames: asked, same, total, missing } of replays) {
      expect(asked).toEqual(expect.arrayContaining([`${peaks.count} added ${peaks.count === 1 ? 'peak' : 'peaks'}`, expect.stringMatching(/photons at the best place/)])); // prettier-ignore
      expect([missing, total, same]).toEqual([null, asked.length, asked.length]);
    }
  });

  it('differ where the emitted ONNX is another, which is said', async () => {
    const nodes = fixed.nodes.map((node) =>
      node.kind === 'conv2d'
        ? { ...node, weights: { ...node.weights, bias: node.weights.bias.map((b) => b - 1) } }
        : node,
    );
    await writeFile(join(run, 'onnx/fixed.onnx'), emitFixedOnnx({ ...fixed, nodes }));
    const { replays } = await replayed();
    expect(replays[0]!.same).toBeLessThan(replays[0]!.total);
    expect(replays[1]!.same).toBe(replays[1]!.total);
  });
});

describe('vetoc explain gallery', () => {
  it('shows frames of both classes with the decision of the firmware’s arithmetic', async () => {
    const out = join(folder, 'gallery');
    // The run knows two classes, the frames five: labels 0 and 1 are those of the run.
    const { code, stdout } = await explain('gallery', run, '--frames', frames, '--count', '2', '--out', out);
    expect([code, stdout.trim()]).toEqual([0, join(out, 'index.html')]);
    const page = await readFile(join(out, 'index.html'), 'utf8');
    const captions = [
      ...page.matchAll(/<figcaption>frame (\d+): (kept|vetoed), score (-?\d+), threshold (-?\d+) levels</g),
    ];
    const pictures = (await readdir(out)).filter((name) => name.endsWith('.png'));
    expect(captions.length).toBe(pictures.length);
    expect(captions.length).toBeGreaterThan(1);
    for (const [, index, decision, score] of captions) {
      const told = interpret(fixed, pixels[Number(index)]!);
      expect([Number(score), decision]).toEqual([told.score, told.keep ? 'kept' : 'vetoed']);
      expect([0, 1]).toContain(labels[Number(index)]);
    }
    for (const name of pictures) expect(await isPng(join(out, name)), name).toBe(true);
    expect(page).toContain('Activations of conv1, by true class');
    expect(page).not.toMatch(/(src|href)="https?:/);
  });

  it('refuses frames without classes', async () => {
    const { code, stderr } = await explain(
      'gallery',
      run,
      '--frames',
      unlabelled,
      '--out',
      join(folder, 'none'),
    );
    expect(code).toBe(2);
    expect(stderr).toContain('carries no classes');
  });
});

describe('vetoc explain invert', () => {
  it('finds an input with about the same representation, and writes it', async () => {
    const out = join(folder, 'invert');
    const words = [
      '--frame',
      `${frames}#${keptFrame()}`,
      '--layer',
      'conv1',
      '--out',
      out,
      '--json',
      '--replace',
    ];
    const lossAfter = async (steps: number): Promise<number> => {
      const { code, stdout } = await explain('invert', run, ...words, '--steps', String(steps));
      expect(code).toBe(0);
      const [only] = JSON.parse(stdout) as { layer: string; loss: number }[];
      expect(only!.layer).toBe('conv1');
      return only!.loss;
    };
    const first = await lossAfter(1);
    const last = await lossAfter(80);
    expect(last).toBeLessThan(0.2 * first);
    const found = JSON.parse(await readFile(join(out, 'inversion-conv1.json'), 'utf8')) as { shape: number[]; loss: number; values: number[] }; // prettier-ignore
    expect(found).toMatchObject({ shape: [8, 8, 1], loss: last });
    expect(found.values).toHaveLength(64);
    expect(await isPng(join(out, 'inversion.png'))).toBe(true);
  });

  it('refuses a layer that is not there', async () => {
    const { code, stderr } = await explain(
      'invert',
      run,
      '--frame',
      `${frames}#0`,
      '--layer',
      'lut',
      '--out',
      folder,
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/there is no layer lut.*conv1/s);
  });
});
