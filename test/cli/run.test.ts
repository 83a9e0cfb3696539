import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRun } from '../../src/run/folder.js';
import type { VerificationRecord } from '../../src/run/verification.js';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { batchOfFrames, batchTensors } from '../../src/train/batches.js';
import { readLayersModel } from '../../src/frontends/layers-model/from-layers-model.js';
import type { Agreement } from '../../src/statistics/metrics.js';
import type { Proportion } from '../../src/statistics/proportion.js';
import { predictFloat } from '../../src/train/predict.js';
import type { tf } from '../../src/tensorflow/tf.js';
import { sampleFrames } from '../sample-graphs.js';
import { runCli, type CliResult } from './run-cli.js';
import { TINY, training } from './tiny-recipe.js';

type Event = Readonly<Record<string, unknown>>;
const eventsOf = ({ stdout }: CliResult): Event[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);

interface Measured {
  readonly frames: number;
  readonly veto: { readonly accuracy: Proportion };
  readonly curve: readonly { readonly hitsKept: Proportion; readonly missesRejected: Proportion }[];
  readonly againstExpert: Agreement;
  readonly by: Readonly<Record<string, Readonly<Record<string, { readonly frames: number }>>>>;
}

/** Of a file that is being written, `.NAME.tmp` stands beside NAME. */
const isFinished = (name: string): boolean => !name.startsWith('.');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function recipe(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('vetoc run', () => {
  let result: CliResult;
  const out = (): string => join(folder, 'run');

  it('goes from frames to an exact verification and a report', async () => {
    result = await runCli(
      'run',
      await recipe('tiny.json', TINY),
      '--out',
      out(),
      '--backend',
      'wasm',
      '--json',
    );
    expect(result.stderr).toContain('exact: 0 mismatches');
    expect(eventsOf(result).at(-1)).toMatchObject({ event: 'result', out: out(), verdict: 'exact' });
    expect(result.code).toBe(0);
    const verification = JSON.parse(await readFile(join(out(), 'verify.json'), 'utf8')) as {
      frames: Record<string, number>;
      witnesses: { witness: string; frames: number; values: number; mismatches: number }[];
      drills: { drills: number; witnesses: { drills: number; mismatches: number }[] };
    };
    const { drills } = verification;
    expect(drills.drills).toBeGreaterThan(3);
    for (const w of drills.witnesses) expect(w).toMatchObject({ drills: drills.drills, mismatches: 0 });
    expect(verification.witnesses.map((w) => w.witness)).toEqual(['onnxruntime', 'csim']);
    for (const w of verification.witnesses) {
      expect(w.frames).toBe(Object.values(verification.frames).reduce((sum, n) => sum + n, 0));
      expect(w.values).toBeGreaterThan(2 * 32 * 32);
      expect(w.mismatches).toBe(0);
    }
    const page = await readFile(join(out(), 'report/index.html'), 'utf8');
    expect(page).toContain('data:image/png;base64,');
    expect(page).not.toMatch(/(src|href)="https?:/);
    expect(page).toMatch(/frames\/s \([\d,]+ cycles a frame/);
    expect(page).toContain('csim, each stage alone');
    expect(page).toMatch(/Run of \d{4}-\d\d-\d\d \d\d:\d\d UTC on .+, in \d/);
    const links = [...page.matchAll(/href="\.\.\/([^"]+)"/g)].map(([, path]) => path!);
    expect(links).toEqual(expect.arrayContaining(['onnx/', 'hls/', 'rtl/', 'recipe.json']));
    for (const link of links) expect(existsSync(join(out(), link)), link).toBe(true);
  });

  it('tells programs what it does, an object a line', () => {
    const events = eventsOf(result);
    const of = (kind: string) => events.filter(({ event }) => event === kind);
    const stages = [
      'Frames',
      'Train',
      'Quantize',
      'Evaluate',
      'Compare',
      'Emit',
      'Verify',
      'Explain',
      'Report',
    ];
    expect(of('start').map(({ stage }) => stage)).toEqual(stages);
    expect(of('end').map(({ stage }) => stage)).toEqual(stages);
    expect(of('backend')).toMatchObject([{ stage: 'Train', name: 'wasm', workers: 1 }]);
    expect(of('epoch')).toMatchObject([
      { epoch: 1, epochs: 2, loss: expect.any(Number), validation: { rejection: expect.any(Number) } },
      { epoch: 2, epochs: 2 },
    ]);
    const train = of('progress').filter(({ stage }) => stage === 'Train');
    expect(train.at(-1)).toMatchObject({ done: 100, total: 100 });
  });

  it('measures the network as a whole, at its threshold, and by class, crystal and detector style', async () => {
    const text = await readFile(join(out(), 'evaluation.json'), 'utf8');
    const measured = JSON.parse(text) as Record<string, Measured>;
    for (const form of ['float', 'fixed']) {
      const e = measured[form]!;
      expect(Object.keys(e.by)).toEqual(['class', 'crystal', 'detector style']);
      for (const groups of Object.values(e.by))
        expect(Object.values(groups).reduce((sum, group) => sum + group.frames, 0)).toBe(e.frames);
      // Where the curve ends nothing is kept; the points between say what of the hits, with an interval.
      expect(e.curve.at(-1)).toMatchObject({ hitsKept: { value: 0 }, missesRejected: { value: 1 } });
      for (const { hitsKept } of e.curve) expect(hitsKept.high - hitsKept.low).toBeGreaterThan(0);
      const { bothHit, onlyExpert, onlyNetwork, bothMiss } = e.againstExpert;
      expect(e.veto.accuracy.count).toBe(bothHit + bothMiss);
      expect(bothHit + onlyExpert + onlyNetwork + bothMiss).toBe(e.frames);
    }
    const page = await readFile(join(out(), 'report/index.html'), 'utf8');
    for (const part of [
      'calibration error',
      'ROC curve, fixed',
      'Label against network at its threshold, float',
      'By class, fixed',
      'By crystal, fixed',
      'By detector style, fixed',
      '</span>validation frames',
    ])
      expect(page).toContain(part);
  });

  it('measures other frames in the same words, to people and to programs', async () => {
    const frames = join(folder, 'other.h5');
    const size = ['--count', '24', '--size', '64x64', '--workers', '0'];
    expect((await runCli('simulate', frames, ...size)).code).toBe(0);
    const { stdout } = await runCli('evaluate', out(), '--frames', frames);
    expect(stdout).toMatch(/at the threshold: accuracy [\d.]+ % \[[\d.]+, [\d.]+\], precision .*, recall /);
    expect(stdout).toMatch(/expected calibration error [\d.]+ %/);
    for (const head of [
      /^true \\ predicted by the largest logit .*recall$/m,
      /^label \\ network +hit +miss$/m,
    ])
      expect(stdout).toMatch(head);
    for (const group of ['class', 'crystal', 'detector style'])
      expect(stdout).toMatch(
        new RegExp(`^${group} +frames +hits lost +misses kept +accuracy +AUC +largest logit: hit/miss`, 'm'),
      );
    const printed = await runCli('evaluate', out(), '--frames', frames, '--json');
    const { evaluation } = JSON.parse(printed.stdout) as { evaluation: Measured };
    expect(evaluation.frames).toBe(24);
    expect(Object.keys(evaluation.by)).toEqual(['class', 'crystal', 'detector style']);
  });

  it('calls a network of the recipe’s own layers by the name of the recipe', async () => {
    expect((await loadRun(out())).fixed.name).toBe('tiny');
    expect(existsSync(join(out(), 'hls/firmware/tiny_veto.cpp'))).toBe(true);
  });

  it('keeps the trained network as a LayersModel that computes the same logits', async () => {
    const { float } = await loadRun(out());
    const model = await readLayersModel(join(out(), 'float/model.json'));
    const [frame] = sampleFrames(1, 64 * 64);
    const [expected] = await predictFloat(float, [frame!]);
    const preprocessor = createPreprocessor(float);
    const inputs = [...batchTensors(preprocessor, batchOfFrames(preprocessor, [frame!])).values()];
    const found = (model.predict(inputs) as tf.Tensor).dataSync();
    model.dispose();
    expected!.forEach((logit, c) => {
      expect(found[c]).toBeCloseTo(logit, 3);
    });
  });

  it('trains on from a LayersModel, and in fixed point from 2 to 16 bits', async () => {
    const network = join(out(), 'float/model.json');
    const content = {
      ...training({ network, epochs: 1, quantizationAware: { epochs: 2, rounds: 2 } }),
      quantization: {
        weightBits: 4,
        layers: { conv1: { weightBits: 16, activationBits: 16 }, conv2: { weightBits: 2 } },
      },
      verify: { frames: 4, tensorFrames: 1, witnesses: ['onnxruntime'] },
    };
    const aware = join(folder, 'aware');
    const trained = await runCli('run', await recipe('aware.json', content), '--out', aware, '--json');
    expect(trained.code).toBe(0);
    const epochs = eventsOf(trained).filter(({ event }) => event === 'epoch');
    expect(epochs.map(({ stage }) => stage)).toEqual(['Train', 'Quantize', 'Quantize']);
    const { fixed } = await loadRun(aware);
    const widths = fixed.nodes.flatMap((n) => ('weights' in n ? [n.weights.width] : []));
    expect(widths.slice(0, 2)).toEqual([16, 2]);
    expect(await readFile(join(aware, 'report/index.html'), 'utf8')).toContain('<h3>In fixed point</h3>');
  });

  it('learns widths by gradient and says them; its recipe.json makes the same network again', async () => {
    const quantizationAware = { epochs: 1, learnedWidths: { epochs: 30, cost: 10 } };
    const first = join(folder, 'learned');
    const content = {
      ...training({ epochs: 1, quantizationAware }),
      verify: { frames: 4, tensorFrames: 1, witnesses: ['onnxruntime'] },
    };
    const learned = await runCli('run', await recipe('learned.json', content), '--out', first);
    expect(learned.code).toBe(0);
    expect(learned.stderr).toMatch(/widths learned layer by layer/);
    expect(learned.stderr).toMatch(/layer +bits of weights +of outputs\n.*\n? *conv1 +[2-7] /);
    const second = join(folder, 'learned-again');
    expect((await runCli('run', join(first, 'recipe.json'), '--out', second)).code).toBe(0);
    const [one, other] = [await loadRun(first), await loadRun(second)];
    expect(other.fixed).toEqual(one.fixed);
  });

  it('leaves a recipe that spells out every default', async () => {
    const written = JSON.parse(await readFile(join(out(), 'recipe.json'), 'utf8')) as Record<string, unknown>;
    expect(written).toMatchObject({
      name: 'tiny',
      seed: 3,
      target: 'kcu1500',
      quantization: { weightBits: 8 },
    });
  });

  it('refuses a folder that already holds a run, and changes nothing in it', async () => {
    const before = await readFile(join(out(), 'fixed.json'), 'utf8');
    const again = await runCli('run', join(folder, 'tiny.json'), '--out', out());
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/run: --out: already exists; nothing was overwritten — name another folder/);
    expect(await readFile(join(out(), 'fixed.json'), 'utf8')).toBe(before);
  });

  it('is reproduced by its own recipe.json: the same fixed.json for the same seed', async () => {
    const second = join(folder, 'second');
    const again = await runCli('run', join(out(), 'recipe.json'), '--out', second, '--backend', 'wasm');
    expect(again.code).toBe(0);
    for (const file of ['fixed.json', 'fixed.bin'])
      expect((await readFile(join(second, file))).equals(await readFile(join(out(), file)))).toBe(true);
  });

  it('goes on where it was killed, to the same network; asks only the witnesses that the recipe names', async () => {
    const killed = join(folder, 'killed');
    const one = { ...TINY, verify: { ...TINY.verify, witnesses: ['onnxruntime'] } };
    const args = ['run', await recipe('one.json', one), '--out', killed, '--backend', 'wasm'];
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { stdio: 'ignore' });
    const exit = once(child, 'exit');
    const checkpoints = `${killed}.checkpoints`;
    const kept = async (): Promise<boolean> => (await readdir(checkpoints).catch(() => [])).some(isFinished);
    while (child.exitCode === null && !(await kept())) await sleep(10);
    child.kill('SIGKILL');
    expect(await exit).toEqual([null, 'SIGKILL']);
    expect(existsSync(killed)).toBe(false);
    const again = await runCli(...args);
    expect(again.stderr).toMatch(/went on after epoch [12]\b/);
    for (const file of ['fixed.json', 'fixed.bin'])
      expect((await readFile(join(killed, file))).equals(await readFile(join(out(), file)))).toBe(true);
    expect(existsSync(checkpoints)).toBe(false);
    const record = JSON.parse(await readFile(join(killed, 'verify.json'), 'utf8')) as VerificationRecord;
    expect(record.witnesses.map((w) => w.witness)).toEqual(['onnxruntime']);
    expect(record.notes).toEqual(['csim was left out by the recipe']);
    expect(again.stderr).toContain('csim was left out by the recipe');
  });

  it('writes a run that can be read again', async () => {
    const run = await loadRun(out());
    expect(run.fixed.classNames).toEqual(run.float.classNames);
  });
});
