/** The latency that a run takes unless it is told one, and what others would cost. */
import { describe, expect, it } from 'vitest';
import { likeOwn } from '../../src/run/own-firmware.js';
import { loadRecipe } from '../../src/run/recipe.js';
import { chooseLatency } from '../../src/run/stages/choices.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { resNet18 } from './networks.js';

const [kcu1500, pynq] = [await loadFpga('kcu1500'), await loadFpga('pynq-z2')];
const recipe = await loadRecipe('demo');
const nobody = (): void => undefined;

describe('the latency of a run', () => {
  const graph = sampleFixedGraph();

  it('is the quickest of those tried that takes a tenth of the board at most', () => {
    const { latency, choices } = chooseLatency(graph, recipe, kcu1500, nobody);
    const most = (asked: number | null): number =>
      Math.max(
        ...choices.find((c) => c.asked === asked)!.firmware.flatMap((f) => f.resources.map((r) => r.share)),
      );
    expect(choices[0]!.asked).toBeNull();
    expect(most(latency)).toBeLessThanOrEqual(0.1);
    const quicker = choices[choices.findIndex((c) => c.asked === latency) + 1];
    expect(quicker === undefined || quicker.problem !== null || most(quicker.asked) > 0.1).toBe(true);
    for (const { asked, firmware } of choices)
      for (const { timing } of firmware)
        if (asked !== null) expect(timing.lastPixelMicroseconds).toBeLessThanOrEqual(asked);
  });

  it('costs more the quicker it is, and is told for both forms of the firmware', () => {
    const { choices } = chooseLatency(graph, recipe, kcu1500, nobody);
    const had = choices.filter((c) => c.problem === null);
    expect(had.length).toBeGreaterThan(2);
    for (const { firmware } of had)
      expect(firmware.map((f) => f.title)).toEqual(['HLS C++', 'SystemVerilog']);
    const dsps = had.map((c) => c.firmware[1]!.resources.find((r) => r.name === 'DSP')!.needed);
    expect(dsps.at(-1)!).toBeGreaterThan(dsps[0]!);
  });

  it('is longer on a small board, and what cannot be had says what can', () => {
    const small = chooseLatency(graph, recipe, pynq, nobody);
    const large = chooseLatency(graph, recipe, kcu1500, nobody);
    expect(small.latency ?? Infinity).toBeGreaterThan(large.latency!);
    const { problem } = small.choices.at(-1)!;
    expect(problem === null || problem.includes('ask for at least')).toBe(true);
  });

  it('is not looked for where a network is so large that each takes minutes', () => {
    expect(chooseLatency(resNet18(64, 0.125), recipe, kcu1500, nobody)).toEqual({
      latency: null,
      choices: [],
    });
  });

  it('is the recipe’s where that names one, and nothing else is tried', () => {
    expect(chooseLatency(graph, { latency: 7.5 }, kcu1500, nobody)).toEqual({ latency: 7.5, choices: [] });
    expect(chooseLatency(graph, { latency: null }, kcu1500, nobody)).toEqual({ latency: null, choices: [] });
  });
});

describe('what is estimated, printed and exported of a run', () => {
  const own = { ...recipe, latency: 5 };

  it('has the run’s latency on the run’s board', () => {
    expect(likeOwn(own, { target: kcu1500 })).toEqual({ target: kcu1500, latencyMicroseconds: 5 });
  });
  it.each([
    { target: pynq },
    { target: kcu1500, latencyMicroseconds: 2 },
    { target: kcu1500, framesPerSecond: 100 },
    { target: kcu1500, clockMHz: 100 },
    { target: kcu1500, pixelsPerClock: 8 as const },
  ])('is what was asked for where anything was', (wish) => {
    expect(likeOwn(own, wish)).toEqual(wish);
  });
  it('is the cheapest of a run from before', () => {
    expect(likeOwn({ ...recipe, latency: 'sensible' }, { target: kcu1500 })).toEqual({ target: kcu1500 });
  });
});
