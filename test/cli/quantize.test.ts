import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveRanges } from '../../src/calibrate/ranges.js';
import { openRunFrames } from '../../src/run/stages/frames.js';
import { quantizeStage } from '../../src/run/stages/quantize.js';
import { parseRecipe } from '../../src/run/recipe.js';
import { loadRun, RUN_FILES } from '../../src/run/folder.js';
import { readGraph, writeGraph } from '../../src/ir/graph-files.js';
import { preprocessNodes } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { countWeights } from '../../src/passes/prune-weights.js';
import { runCli } from './run-cli.js';
import { beginStage, silence } from '../../src/run/events.js';

const RECIPE = {
  version: 1,
  name: 'untrained',
  frames: { kind: 'simulate', count: 80, height: 64, width: 64 },
  preprocess: { factor: 2 },
  training: { network: 'veto-nano' },
  calibration: { frames: 6 },
  verify: { tensorFrames: 1 },
};

/** A run of an untrained network: everything that `vetoc quantize` reads, without the minutes of training. */
async function untrainedRun(dir: string): Promise<void> {
  const recipe = parseRecipe(JSON.stringify(RECIPE), 'recipe');
  const frames = await openRunFrames(recipe, silence);
  const { source, classNames, hitClasses } = frames;
  const float = createNetwork({
    network: 'veto-nano',
    preprocess: preprocessNodes(recipe.preprocess, [source.height, source.width]),
    classes: { classNames, hitClasses },
    seed: 1,
  });
  const quiet = beginStage(silence, 'test');
  const quantized = await quantizeStage(
    { recipe, frames, float, backend: 'cpu', checkpoints: dir, dumpIr: null, budget: null },
    quiet,
  );
  await writeGraph(join(dir, RUN_FILES.floatGraph), 'float', float);
  await writeGraph(join(dir, RUN_FILES.preparedGraph), 'float', quantized.prepared);
  await writeGraph(join(dir, RUN_FILES.fixedGraph), 'fixed', quantized.fixed);
  await saveRanges(join(dir, RUN_FILES.ranges), quantized.ranges);
  await writeFile(join(dir, RUN_FILES.recipe), JSON.stringify(recipe));
  await frames.source.close();
}

describe('vetoc quantize', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vetoc-quantize-'));
    await untrainedRun(at('run'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('makes the same network from the saved ranges as from the frames, and from ranges merged', async () => {
    const saved = await runCli('quantize', at('run'), '--out', at('saved'));
    expect(saved.stderr).toContain('calibrated on 6 frames: 8-bit weights');
    expect(saved.code).toBe(0);
    expect((await runCli('quantize', at('run'), '--calibrate', '--out', at('again'))).code).toBe(0);
    const fixed = (run: string): Promise<Buffer> => readFile(join(at(run), 'fixed.bin'));
    expect((await fixed('again')).equals(await fixed('saved'))).toBe(true);
    const ranges = join(at('saved'), 'ranges.json');
    const merged = await runCli('quantize', at('run'), '--ranges', ranges, ranges, '--out', at('merged'));
    expect(merged.stderr).toContain('calibrated on 12 frames');
    expect((await fixed('merged')).equals(await fixed('saved'))).toBe(true);
  });

  it('sets as many single weights to 0 as the points of hits that are given pay for', async () => {
    const pruned = async (points: string) => {
      const { code, stderr } = await runCli(
        'quantize',
        at('run'),
        '--prune',
        points,
        '--out',
        at(`pruned-${points}`),
      );
      expect(code).toBe(0);
      const { fixed } = await loadRun(at(`pruned-${points}`));
      const { nonZero, all } = countWeights(fixed);
      expect(stderr).toContain(`${nonZero} of ${all} weights are left`);
      return nonZero / all;
    };
    // Any loss is allowed: the sparsest that is tried.
    expect(await pruned('100')).toBeLessThan(0.06);
    const file = join(at('pruned-100'), RUN_FILES.preparedGraph);
    const { nonZero, all } = countWeights(await readGraph(file, 'float'));
    expect(nonZero / all).toBeLessThan(0.06);
    const wrong = await runCli('quantize', at('run'), '--prune', 'some', '--out', at('never'));
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--prune')]);
  });

  it('prepares the float network again where it is asked to calibrate', async () => {
    await cp(at('run'), at('otherwise'), { recursive: true });
    const file = join(at('otherwise'), RUN_FILES.preparedGraph);
    const prepared = await readGraph(file, 'float');
    const shifted = prepared.nodes.map((n) =>
      n.kind === 'conv2d' ? { ...n, bias: n.bias.map((b) => b + 1) } : n,
    );
    await writeGraph(file, 'float', { ...prepared, nodes: shifted });
    const quantize = async (out: string, ...args: string[]): Promise<Buffer> => {
      const result = await runCli(
        'quantize',
        at(out === 'mended' ? 'otherwise' : 'run'),
        ...args,
        '--out',
        at(out),
      );
      expect(result.code).toBe(0);
      return readFile(join(at(out), 'fixed.bin'));
    };
    const own = await quantize('own');
    expect((await quantize('mended', '--calibrate')).equals(own)).toBe(true);
    const kept = await readGraph(join(at('mended'), RUN_FILES.preparedGraph), 'float');
    expect(kept.nodes).not.toEqual(shifted);
  });

  it('searches widths within a budget and writes them into the recipe', async () => {
    const found = await runCli('quantize', at('run'), '--budget', '30', '--out', at('narrow'));
    expect(found.stderr).toContain('points of hits lost');
    expect(found.stderr).toMatch(/^→ /m);
    const { recipe, fixed } = await loadRun(at('narrow'));
    expect(Object.keys(recipe.quantization.layers).length).toBeGreaterThan(0);
    for (const [name, { weightBits }] of Object.entries(recipe.quantization.layers)) {
      const node = fixed.nodes.find((n) => n.id === name)!;
      if (weightBits !== undefined) expect('weights' in node && node.weights.width).toBe(weightBits);
    }
  });

  it('refuses a price without a search, one that nobody knows, and one of a board that Yosys does not', async () => {
    const mistake = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await runCli('quantize', at('run'), ...args, '--out', at('unpriced'));
      expect([code, existsSync(at('unpriced'))]).toEqual([2, false]);
      return stderr;
    };
    expect(await mistake('--price', 'yosys')).toMatch(/--price yosys: .*no search.* — add --budget/);
    expect(await mistake('--price', 'guess', '--budget', '1')).toContain('"guess" is none of model, yosys');
    expect(await mistake('--price', 'yosys', '--budget', '1', '--target', 'vck190')).toMatch(
      /--price yosys: Yosys has no cells of the family versal/,
    );
  });

  it('refuses frames of another size, ranges of another network, and both at once', async () => {
    const from = await runCli('quantize', at('run'), '--from', 'set', '--out', at('x'));
    expect([from.code, from.stderr]).toEqual([
      2,
      expect.stringMatching(/frames of 512×512, .* are 64×64 — /),
    ]);
    await writeFile(
      at('other.json'),
      (await readFile(join(at('run'), 'ranges.json'), 'utf8')).replace(/"network":"\w+"/, '"network":"0"'),
    );
    const other = await runCli('quantize', at('run'), '--ranges', at('other.json'), '--out', at('x'));
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('of another network')]);
    const both = await runCli('quantize', at('run'), '--calibrate', '--ranges', 'a', '--out', at('x'));
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('exclude each other')]);
    const width = await runCli('quantize', at('run'), '--weight-bits', '17', '--out', at('x'));
    expect(width.stderr).toContain('a width is a whole number of bits from 2 to 16');
  });
});
