import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.js';
import { TINY, training } from './tiny-recipe.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-mistakes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function recipe(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('mistakes in vetoc run', () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown recipe', ['run', 'nope'], /there is no recipe nope — name one of .*demo/],
    ['a missing recipe file', ['run', 'no/such.json'], /no\/such\.json: cannot be read \(ENOENT\)/],
    [
      'an unknown back end',
      ['run', 'demo', '--backend', 'abacus'],
      /--backend: "abacus" is none of auto, tensorflow, onnxruntime, wasm, cpu/,
    ],
    ['a seed that is no number', ['run', 'demo', '--seed', 'x'], /--seed: "x" is not a whole number/],
    ['missing frames', ['run', 'demo', '--frames', 'gone.h5'], /gone\.h5: does not exist/],
    ['an unknown target', ['run', 'demo', '--target', 'toaster'], /target: no target is called toaster/],
    ['a run that is none', ['evaluate', '.', '--frames', 'x.h5'], /is not a finished run/],
    ['an unknown command', ['frobnicate'], /unknown command/],
    ['an unknown option', ['run', '--frobnicate'], /unknown option/],
  ];

  it.each(cases)('%s is said in one message, exit code 2', async (_name, args, message) => {
    const out = join(folder, 'mistake');
    const result = await runCli(...args, ...(args[0] === 'run' ? ['--out', out] : []));
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(result.code).toBe(2);
    expect(existsSync(out)).toBe(false);
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it.each([
    ['an unknown key', { ...TINY, colour: 'red' }, /bad\.json: unknown key "colour" — remove it/],
    ['a wrong type', { ...TINY, seed: 'seven' }, /bad\.json: seed: .*expected number/],
    ['no JSON', '{', /bad\.json: not JSON/],
    [
      'an unknown layer',
      training({ network: [{ op: 'lstm' }] }),
      /bad\.json: training\.network\.0\.op: .*Expected 'conv' \| /,
    ],
    [
      'a wrong number in a layer inside another',
      training({ network: [{ op: 'residual', body: [{ op: 'conv', filters: 'x' }] }] }),
      /bad\.json: training\.network\.0\.body\.0\.filters: .*expected number/,
    ],
    [
      'a word that is none of the choices',
      training({ classWeights: 'fair' }),
      /classWeights: .*"balanced"\|"none"; or .*array/,
    ],
    [
      'the name of what every object has',
      training({ network: 'constructor' }),
      /no network constructor — name one/,
    ],
    ['a moment that never forgets', training({ beta1: 1 }), /training\.beta1: .*<1/],
    [
      'layers that do not fit',
      training({ network: [{ op: 'conv', filters: 2, kernel: 64, padding: 0 }] }),
      /bad\.json: training\.network: network tiny does not fit its input: a window of 64/,
    ],
    [
      'rounding that training in fixed point does not know',
      {
        ...training({ quantizationAware: { epochs: 1 } }),
        quantization: { rounding: 'AP_TRN' },
      },
      /bad\.json: training\.quantizationAware: .*not AP_TRN/,
    ],
  ])('a recipe with %s names file and key', async (_name, content, message) => {
    const result = await runCli('run', await recipe('bad.json', content), '--out', join(folder, 'bad'));
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(2);
    expect((await readdir(folder)).filter((name) => /^bad(?!\.json)/.test(name))).toEqual([]);
  });

  it('refuses to search widths that it is to learn', async () => {
    const quantizationAware = { epochs: 1, learnedWidths: { epochs: 1 } };
    const both = await recipe('both.json', training({ quantizationAware }));
    const result = await runCli('run', both, '--budget', '0.5', '--out', join(folder, 'both'));
    expect(result.stderr).toMatch(/--budget: the recipe already learns its widths by gradient — /);
    expect(result.code).toBe(2);
  });

  it('refuses frames that no training can do with before it trains', async () => {
    const few = await recipe('few.json', { ...TINY, split: { calibration: 0.001 } });
    const uncalibrated = await runCli('run', few, '--out', join(folder, 'few'));
    expect(uncalibrated.stderr).toMatch(/split\.calibration: there are no calibration frames — give more/);
    expect(uncalibrated.code).toBe(2);
    const frames = join(folder, 'hits.h5');
    await runCli('simulate', frames, '--count', '20', '--size', '64x64', '--workers', '0');
    const rows = Array.from({ length: 20 }, (_, i) => `${i},${i % 2 === 0 ? 'sharp' : 'broad'},1\n`);
    const labels = await recipe('labels.csv', `frame,class,hit\n${rows.join('')}`);
    const hits = await runCli(
      'run',
      few,
      '--frames',
      frames,
      '--labels',
      labels,
      '--out',
      join(folder, 'few'),
    );
    expect(hits.stderr).toMatch(/hits\.h5: label: all its classes are hits — give frames of both/);
    expect(hits.code).toBe(2);
    for (const { stderr } of [uncalibrated, hits]) expect(stderr).not.toContain('Train');
  });

  const folderWith = async (name: string, file: string): Promise<string> => {
    const path = join(folder, name);
    await mkdir(path);
    await writeFile(join(path, file), 'kept');
    return path;
  };

  it('leaves an earlier run alone when --replace fails', async () => {
    const old = await folderWith('old', 'recipe.json');
    const result = await runCli('run', 'demo', '--frames', 'gone.h5', '--out', old, '--replace');
    expect(result.stderr).toMatch(/gone\.h5: does not exist/);
    expect(result.code).toBe(2);
    expect(await readFile(join(old, 'recipe.json'), 'utf8')).toBe('kept');
  });

  it('says so where no folder can be made', async () => {
    const result = await runCli('run', 'demo', '--out', join(await recipe('file.json', TINY), 'run'));
    expect(result.stderr).toMatch(/run\.partial: --out: cannot be made \(ENOTDIR\) — name a folder/);
    expect(result.code).toBe(2);
  });

  it('does not replace a folder that holds no run', async () => {
    const home = await folderWith('home', 'thesis.tex');
    const result = await runCli('run', 'demo', '--out', home, '--replace');
    expect(result.stderr).toMatch(/home: --out: is no run, so it is not replaced — name another folder/);
    expect(result.code).toBe(2);
    expect(await readFile(join(home, 'thesis.tex'), 'utf8')).toBe('kept');
  });
});
