/**
 * Hits that the way over raw words costs: simulated frames as words of a detector, maps from its dark frames, decisions on the
 * integer calibration, beside decisions on the photons themselves.
 *
 *     npx tsx test/bench/raw.ts RUN [--frames 2000] [--detector jungfrau] [--seed 11]
 *
 * Prints hits lost and misses kept of both, and McNemar's exact test on the hits of which one of the two loses and the other does not.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SIMULATED_RAW } from '../../src/data/simulate/raw-detector.js';
import {
  evaluateRun,
  loadRun,
  makeDarks,
  silence,
  simulateToFile,
  simulationOptions,
} from '../../src/index.js';
import { inputNode } from '../../src/ir/graph.js';
import { mcnemar } from '../../src/statistics/mcnemar.js';
import { evaluatedText } from '../../src/text/index.js';

const option = (name: string, usual: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : process.argv[at + 1]!;
};
const run = process.argv[2]!;
const detector = SIMULATED_RAW.find((name) => name === option('detector', 'jungfrau'))!;
const folder = await mkdtemp(join(tmpdir(), 'vetoc-raw-bench-'));
const at = (name: string): string => join(folder, name);
try {
  const { fixed } = await loadRun(run);
  const wish = {
    count: Number(option('frames', '2000')),
    seed: Number(option('seed', '11')),
    size: inputNode(fixed).size,
    variety: 'standard',
    raw: detector,
  } as const;
  const frames = simulationOptions(wish);
  const request = { frames, compression: 'none', workers: undefined, replace: false, raw: detector } as const;
  const { raw } = await simulateToFile(at('words.h5'), request, silence);
  await makeDarks({ frames: [raw!.darks], detector, out: at('maps.h5') }, silence);
  const words = await evaluateRun(
    run,
    {
      raw: [at('words.h5')],
      maps: at('maps.h5'),
      gain: `${raw!.truth}#/pixel_gain`,
      photonEnergy: String(raw!.photonEnergyEv),
    },
    silence,
  );
  const photons = await evaluateRun(run, { frames: [`${at('words.h5')}#/entry/truth/photons`] }, silence);
  const pairs = words.decisions.map((one, i) => ({
    hit: one.hit,
    words: one.keep,
    photons: photons.decisions[i]!.keep,
  }));
  const count = (of: (pair: (typeof pairs)[number]) => boolean): number => pairs.filter(of).length;
  const onlyWords = count((p) => p.hit === true && !p.words && p.photons);
  const onlyPhotons = count((p) => p.hit === true && p.words && !p.photons);
  const hits = count((p) => p.hit === true);
  console.log(evaluatedText(words).split('\n\n').at(-1));
  console.log(`${pairs.length} frames of ${detector}, ${hits} hits:`);
  for (const way of ['photons', 'words'] as const)
    console.log(
      `  on ${way}: ${count((p) => p.hit === true && !p[way])} hits lost, ${count((p) => p.hit === false && p[way])} misses kept`,
    );
  console.log(
    `  hits lost on words alone ${onlyWords}, on photons alone ${onlyPhotons}; McNemar p = ${mcnemar(onlyWords, onlyPhotons).toFixed(4)}`,
  );
  console.log(`  decided apart: ${count((p) => p.words !== p.photons)} frames`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
