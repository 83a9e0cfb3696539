/** Every example of every `--help`, run as it is printed, in the order in which it is printed. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everyExample, examplesIn } from './examples/collect.js';
import { writeNight } from './examples/night.js';
import { AT_NIGHT } from '../night.js';
import { blocksOf, missesPython, notebookCode, python, runNotebook } from './examples/python.js';
import { writePackage } from './examples/small-package.js';

/** Recipes are shipped with more frames and epochs than these: enough for a demo whose hits are found. */
const SIZES = { demo: { frames: 400, epochs: 6 }, veto: { frames: 60, epochs: 1 } };

const commands = await everyExample();
const folder = mkdtempSync(join(tmpdir(), 'vetoc-examples-'));
const at = (...names: readonly string[]): string => join(folder, ...names);
const env = { ...process.env };

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is not run to its end: it serves, or makes thousands of frames. */
interface Stop {
  readonly of: RegExp;
  /** Interrupted as by Ctrl-C once it says this. */
  readonly at: RegExp;
  readonly code: number;
}
const STOPS: readonly Stop[] = [
  { of: /^vetoc simulate /, at: /\d+\/\d+ frames/, code: 130 },
  { of: /^vetoc audit view /, at: /http:\S+/, code: 0 },
  { of: /^vetoc live .* dectris:/, at: /waiting for \S+/, code: 0 },
];

/**
 * What takes longest runs at night: frames simulated 500 times, a thousand through every witness, raw words through all of them, the
 * synthesis of a whole network, searches and curves. Other tests have each of them on a smaller network.
 */
const LONG =
  /^vetoc (explain (check|invert|.*--method all)|verify .*--(count 1000|raw|provider)|estimate .*--synthesize|quantize .*--budget|stress )/;
const runsNow = (text: string): boolean => AT_NIGHT || !LONG.test(text);

/** What this machine may lack, and then says: exit code 1 and these words. */
const NEEDS_MORE = /--provider .*cuda/;
const WITHOUT = /onnxruntime-cuda: missing — .*needs an NVIDIA GPU/;

async function runInShell(text: string, cwd: string): Promise<Ended> {
  const stop = STOPS.find(({ of }) => of.test(text));
  const child = spawn('bash', ['-c', text], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr, stopped] = ['', '', false];
  const said = (): void => {
    if (stopped || stop?.at.test(stdout + stderr) !== true) return;
    stopped = true;
    process.kill(-child.pid!, 'SIGINT');
  };
  child.stdout.on('data', (part: Buffer) => ((stdout += String(part)), said()));
  child.stderr.on('data', (part: Buffer) => ((stderr += String(part)), said()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

beforeAll(async () => {
  env['PATH'] = `${writePackage(at('package'), SIZES)}:${env['PATH']}`;
  mkdirSync(at('plain'));
  const vetoc = (...args: readonly string[]): void =>
    void execFileSync('vetoc', args, { cwd: at('plain'), env, stdio: 'pipe' });
  vetoc('simulate', 'night1.h5', '--count', '60', '--size', '128x128', '--seed', '5');
  const words = ['--count', '12', '--size', '128x128', '--variety', 'standard', '--raw', 'jungfrau'];
  vetoc('simulate', 'words.h5', ...words);
  await writeNight(at('plain'));
  cpSync(at('plain'), at('with-runs'), { recursive: true });
}, 300_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The runs that examples name: that of the first example, under each name. */
function makeRuns(): void {
  if (existsSync(at('with-runs/out'))) return;
  const made = at('run/out/demo');
  if (existsSync(made)) cpSync(made, at('with-runs/out/demo'), { recursive: true });
  else execFileSync('vetoc', ['run', 'demo'], { cwd: at('with-runs'), env, stdio: 'pipe' });
  for (const name of ['veto', 'night', 'night1', 'night2', 'other'])
    cpSync(at('with-runs/out/demo'), at('with-runs/out', name), { recursive: true });
}

/** The maps that the example of raw words reads. */
function makeMaps(cwd: string): void {
  execFileSync('vetoc', ['darks', 'words.darks.h5', '--detector', 'jungfrau', '--out', 'maps.h5'], {
    cwd,
    env,
    stdio: 'pipe',
  });
}

it('every command that does something has an example of itself', () => {
  const without = commands.filter(
    ({ path, hasCommands, examples }) =>
      !hasCommands && !examples.some((text) => text.startsWith(`vetoc ${path.replace(/^why/, 'explain')} `) || text === `vetoc ${path}`),
  ); // prettier-ignore
  expect(without.map(({ path }) => path)).toEqual([]);
});

it('examples end at an empty line, and a line that ends in a backslash goes on', () => {
  const help = 'Usage: x\n\nExamples:\n  vetoc a\n  vetoc b \\\n      --c\n\nMore words.\n';
  expect(examplesIn(help)).toEqual(['vetoc a', 'vetoc b \\\n      --c']);
});

/** By command, each once: subcommands repeat what their command shows. */
const groups = new Map<string, string[]>();
const seen = new Set<string>();
for (const { path, examples } of commands)
  for (const text of examples) {
    if (seen.has(text)) continue;
    seen.add(text);
    if (!runsNow(text)) continue;
    const name = path.split(' ')[0]!;
    groups.set(name, [...(groups.get(name) ?? []), text]);
  }

describe.each([...groups])('vetoc %s --help', (name, examples) => {
  beforeAll(() => {
    if (name !== 'run') makeRuns();
    cpSync(at(name === 'run' ? 'plain' : 'with-runs'), at(name), { recursive: true });
    // What its examples make is not there before.
    if (name === 'simulate') rmSync(at(name, 'frames.h5'));
    if (name === 'live') makeMaps(at(name));
    // It disturbs every frame a hundred times.
    if (name === 'stress') renameSync(at(name, 'short-night.h5'), at(name, 'other-night.h5'));
  });
  afterAll(() => {
    if (name !== 'run') rmSync(at(name), { recursive: true, force: true });
  });

  it.each(examples)(
    '%s',
    async (text) => {
      const { code, stdout, stderr } = await runInShell(text, at(name));
      if (NEEDS_MORE.test(text) && code === 1) expect(stdout).toMatch(WITHOUT);
      else expect(code, stderr).toBe(STOPS.find(({ of }) => of.test(text))?.code ?? 0);
    },
    900_000,
  );
});

describe.skipIf(missesPython)('the page for Python users (needs .ci/fetch-test-tools.sh)', () => {
  interface Row {
    readonly index: number;
    readonly score: number;
    readonly keep: boolean;
  }
  let rows: readonly Row[] = [];
  const lines = blocksOf('python');
  /** What a block leaves behind, as JSON. */
  const after = (block: number, expression: string): unknown => {
    const text = python(`import json\n${lines[block]}\nprint(json.dumps(${expression}))`, at('python'));
    return JSON.parse(text.trimEnd().split('\n').at(-1)!);
  };

  beforeAll(async () => {
    makeRuns();
    cpSync(at('with-runs'), at('python'), { recursive: true });
    for (const text of blocksOf('sh').flatMap((block) => block.split('\n'))) {
      const { code, stderr } = await runInShell(text, at('python'));
      expect(code, stderr).toBe(0);
    }
    const [, ...table] = readFileSync(at('python/scores.csv'), 'utf8').trimEnd().split('\n');
    rows = table.map((line) => {
      const [, index, score, keep] = line.split(',');
      return { index: Number(index), score: Number(score), keep: keep === '1' };
    });
  }, 300_000);
  afterAll(() => {
    rmSync(at('python'), { recursive: true, force: true });
  });

  it('has about ten lines for each of four packages, and the notebook has the same', () => {
    expect(lines.map((block) => /^import (\w+)/.exec(block)![1])).toEqual([
      'pandas',
      'pyarrow',
      'h5py',
      'h5py',
    ]);
    for (const block of lines) expect(block.split('\n').length).toBeLessThanOrEqual(13);
    expect(notebookCode()).toEqual(lines);
  });

  it('reads with pandas what was scored', () => {
    const kept = rows.filter(({ keep }) => keep).length;
    expect(after(0, '[len(scores), int(scores.keep.sum()), scores.score.tolist()]')).toEqual([rows.length, kept, rows.map(({ score }) => score)]); // prettier-ignore
    const narrowest = rows.filter(({ keep }) => !keep).map(({ score }) => score).sort((a, b) => b - a).slice(0, 5); // prettier-ignore
    expect(after(0, 'closest.score.tolist()')).toEqual(narrowest);
  });

  it('reads with pyarrow the ledger, whose scores are the same', () => {
    expect(after(1, 'frames.sort_by("frame")["score"].to_pylist()')).toEqual(rows.map(({ score }) => score));
    expect(after(1, 'vetoed.num_rows')).toBe(rows.filter(({ keep }) => !keep).length);
  });

  it('reads with h5py the best of the kept frames', () => {
    const best = Math.max(...rows.map(({ score }) => score));
    expect(after(2, '[int(frame[best]), int(score[best])]')).toEqual([rows.find(({ score }) => score === best)!.index, best]); // prettier-ignore
  });

  it('gets from ONNX Runtime the scores of the kept frames, to the last bit', () => {
    const expected = rows.filter(({ keep }) => keep).map(({ score }) => score);
    expect(after(3, '[score.tolist(), bool(keep.all())]')).toEqual([expected, true]);
  });

  it('runs as a notebook, from the first cell to the last', () => {
    const printed = runNotebook(at('python'));
    expect(printed).toContain(`${rows.length} frames, `);
    expect(printed).toMatch(/the same scores: True all kept: True\s*$/);
  });
});
