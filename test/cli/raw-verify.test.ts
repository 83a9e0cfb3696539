/** `vetoc verify --raw` and `vetoc estimate --maps`: the network on a detector's words, in every witness, on words as they were read. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EvaluateOutcome, VerificationRecord } from '../../src/index.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { readGraph } from '../../src/ir/graph-files.js';
import { loadRun } from '../../src/run/folder.js';
import { verifyFolder } from '../../src/run/verification.js';
import { networkOnWords, openWords } from '../../src/run/words.js';
import { interpret } from '../../src/simulate/interpret.js';
import type { NamedFrame } from '../../src/verify/frames.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { answerOf as cli } from './run-cli.js';
import { writeRun } from './written-run.js';

const [HEIGHT, WIDTH, COUNT] = [40, 36, 6];
const folder = mkdtempSync(join(tmpdir(), 'vetoc-raw-verify-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);
const fixed = { ...sampleFixedGraph(), threshold: 0 };
const ENERGY = { photonEnergy: '9537' };
const maps = (detector: string): readonly string[] => [
  ...['--maps', at(`${detector}.truth.h5`), '--photon-energy', ENERGY.photonEnergy],
];
const FEW = ['--aimed', '2', '--random', '2', '--tries', '0', '--shrink', '0'];

beforeAll(async () => {
  await writeRun(at('run'), fixed, dequantize(fixed));
  const size = ['--size', `${HEIGHT}x${WIDTH}`, '--workers', '0', '--variety', 'standard'];
  for (const detector of ['jungfrau', 'agipd'])
    await cli('simulate', at(`${detector}.h5`), '--count', String(COUNT), '--raw', detector, ...size);
  mkdirSync(at('run/hls/golden'), { recursive: true });
  writeFileSync(at('run/hls/golden/frames.bin'), Buffer.alloc(2 * HEIGHT * WIDTH, 1));
});

/** The words of `detector` as a verification of the run reads them, and the network on them. */
async function wordsOf(detector: string) {
  const wish = { maps: at(`${detector}.truth.h5`), ...ENERGY };
  const raw = await networkOnWords(await loadRun(at('run')), wish);
  const opened = await openWords([at(`${detector}.h5`)], wish, raw, COUNT, () => undefined);
  const frames: NamedFrame[] = [];
  for await (const frame of opened.frames) frames.push(frame);
  await opened.close();
  return { graph: raw.graph, frames };
}

it.each(['jungfrau', 'agipd'])(
  'of %s: words come with the maps of their cell, and score as in evaluate',
  async (detector) => {
    const { graph, frames } = await wordsOf(detector);
    const { decisions } = JSON.parse(
      await cli('evaluate', at('run'), '--raw', at(`${detector}.h5`), ...maps(detector), '--json'),
    ) as EvaluateOutcome;
    const scores = frames.map(
      ({ pixels, maps: own }) => interpret(graph, pixels, false, undefined, own).score,
    );
    expect(scores).toEqual(decisions.map(({ score }) => score));
  },
);

it('every integer of the files of the network on words is compared, on words as they are and as drills', async () => {
  const record = JSON.parse(
    await cli('verify', at('run'), '--raw', at('jungfrau.h5'), ...maps('jungfrau'), ...FEW, '--witness', 'ort', 'csim', '--drills', '4', '--json'), // prettier-ignore
  ) as VerificationRecord;
  expect(record.verdict).toBe('exact');
  expect(record.frames.file).toBe(COUNT);
  expect(record.frames.random).toBe(4);
  const frames = Object.values(record.frames).reduce((sum, n) => sum + n, 0);
  expect(record.witnesses.map((w) => [w.witness, w.frames, w.mismatches])).toEqual([
    ['onnxruntime', frames, 0],
    ['csim', frames, 0],
  ]);
  expect(record.drills!.witnesses.map((w) => w.mismatches)).toEqual([0, 0]);
  expect(record.files.map(({ path }) => path)).toContain('hls/firmware/vetoc/calibrate.h');
  expect(JSON.parse(readFileSync(at('run/raw/verify.json'), 'utf8'))).toMatchObject({ verdict: 'exact' });
  expect(existsSync(at('run/verify.json'))).toBe(false);
}, 300_000);

it('firmware that calibrates otherwise is different, in that stage, on a frame of words', async () => {
  const header = at('run/raw/hls/firmware/vetoc/calibrate.h');
  const text = readFileSync(header, 'utf8');
  const broken = text.replace('adc <= CONFIG::most(stage)', 'adc < CONFIG::most(stage)');
  expect(broken).not.toBe(text);
  writeFileSync(header, broken);
  const graph = await readGraph(at('run/raw/fixed.json'), 'fixed');
  const { frames } = await wordsOf('jungfrau');
  // A word at the end of its stage is one that a frame of photons seldom has.
  const saturated = frames.map((frame) => ({
    ...frame,
    pixels: frame.pixels.with(HEIGHT * WIDTH - 1, 0x3fff),
  }));
  const { verdict, witnesses } = await verifyFolder(at('run/raw'), graph, saturated, {
    witnesses: ['csim'],
    minimizeBudget: 40,
  });
  expect(verdict).toBe('different');
  expect(witnesses[0]!.first).toMatchObject({ stage: 'input', y: HEIGHT - 1, x: WIDTH - 1 });
  expect(witnesses[0]!.first!.minimal!.pixels).toEqual([
    { y: HEIGHT - 1, x: WIDTH - 1, value: expect.any(Number) as number },
  ]);
}, 300_000);

it('estimate --maps counts the stages in front', async () => {
  const text = await cli('estimate', at('run'), ...maps('jungfrau'));
  expect(text).toMatch(/^maps +receiveMaps/m);
  expect(text).toMatch(/^input +calibrate/m);
});

it('is refused without maps, beside other frames, and where bad frames would be left out', async () => {
  const before = readFileSync(at('run/raw/fixed.json'), 'utf8');
  const verify = (...args: readonly string[]): Promise<string> => cli('verify', at('run'), ...args);
  expect(await verify('--raw', at('jungfrau.h5'))).toMatch(
    /exit 2: .*--raw: are words, which need the maps of their detector — give --maps/,
  );
  expect(
    await verify('--raw', at('jungfrau.h5'), '--frames', at('jungfrau.h5'), ...maps('jungfrau')),
  ).toMatch(/exit 2: .*--frames: are given beside --raw — give one of them/);
  expect(await verify('--raw', at('agipd.h5'), '--skip-bad', ...maps('agipd'))).toMatch(
    /exit 2: .*--skip-bad: is not taken with words of gain/,
  );
  expect(await verify('--raw', at('agipd.h5'), ...maps('jungfrau'))).toMatch(
    /exit 2: .*agipd\.h5: --maps: has words of gain beside its frames, and a JUNGFRAU has none/,
  );
  expect(readFileSync(at('run/raw/fixed.json'), 'utf8')).toBe(before);
});
