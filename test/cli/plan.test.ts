/** What a veto would bring: worked out by hand on the serial run of Wiedorn et al. (2018), and what is refused. */
import { describe, expect, it } from 'vitest';
import { planVeto, type PlanOutcome } from '../../src/index.js';
import { runCli } from './run-cli.js';

const WIEDORN = ['plan', '--detector', 'agipd-1m', '--frames', '3215616', '--hits', '14445'];
const VETO = ['--lose', '0.5%', '--keep-misses', '2%'];

describe('vetoc plan', () => {
  it('computes what is kept of the frames, hits and bytes of CTX-M-14', async () => {
    const { stdout } = await runCli(...WIEDORN, ...VETO, '--latency', '1000', '--json');
    const plan = JSON.parse(stdout) as PlanOutcome;
    const hits = 14_445 * 0.995;
    const misses = (3_215_616 - 14_445) * 0.02;
    expect(plan.kept.hits).toBeCloseTo(hits, 6);
    expect(plan.kept.frames).toBeCloseTo(hits + misses, 6);
    // 16 modules of 512 × 128 pixels, an analogue word and a word of gain each.
    expect(plan.bytes).toBe(3_215_616 * 16 * 512 * 128 * 4);
    expect(plan.kept.bytes / plan.bytes).toBeCloseTo((hits + misses) / 3_215_616, 12);
    expect(plan.precision).toBeCloseTo(hits / (hits + misses), 12);
    expect(plan.enrichment).toBeCloseTo(plan.precision / (14_445 / 3_215_616), 9);
    // 352 cells, ten trains a second; read out in 99.4 ms.
    expect(plan.seconds).toBeCloseTo(3_215_616 / 3520, 9);
    expect(plan.pace.microseconds).toBeCloseTo(99_400 / 352, 9);
    expect(plan.waiting).toEqual({ frames: 4, bytes: 4 * 16 * 512 * 128 * 4 });
    expect(plan.freedCells).toBe(0);
  });

  it('says in words that no memory cell is freed within a burst', async () => {
    const { stdout } = await runCli(...WIEDORN, ...VETO);
    expect(stdout).toMatch(/frames +3,215,616 +78,396 +2\.44 %/);
    expect(stdout).toMatch(/hits among the frames +0\.449 % +18\.3 % +40\.8 times/);
    expect(stdout).toContain('No memory cell is freed: an image is there when its burst is over.');
  });

  it('speaks of no cells where a detector reads out every frame', () => {
    const plan = planVeto({
      detector: 'jungfrau-4m',
      frames: 1e6,
      hitRate: 0.01,
      lose: 0,
      keepMisses: 0,
      rate: 2000,
    });
    expect(plan).toMatchObject({
      freedCells: null,
      waiting: null,
      kept: { frames: 10_000, hits: 10_000, share: 0.01 },
      precision: 1,
      enrichment: 100,
      seconds: 500,
      bytesPerSecond: 2000 * 8 * 512 * 1024 * 2,
    });
  });

  it.each([
    ['no hits', [], /--hits: are not given — give --hits or --hit-rate/],
    ['hits and a hit rate', ['--hits', '3', '--hit-rate', '1%'], /--hits: are given beside --hit-rate/],
    ['more hits than frames', ['--hits', '101'], /--hits: 101 are more than the 100 frames/],
    [
      'more cells than there are',
      ['--hits', '1', '--cells', '353'],
      /--cells: AGIPD 1M has 352 memory cells/,
    ],
    ['a share that is none', ['--hits', '1', '--lose', '2'], /--lose: '2' is not a share/],
  ])('refuses %s', async (_what, words, expected) => {
    const { code, stderr } = await runCli(
      'plan',
      '--detector',
      'agipd-1m',
      '--frames',
      '100',
      ...VETO,
      ...words,
    );
    expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
  });
});
