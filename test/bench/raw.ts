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
import { rawDetector } from '../../src/data/raw/detectors.js';
import { openMaps } from '../../src/data/raw/maps-file.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { DARKS_A_STAGE } from '../../src/run/simulate-raw.js';
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
/** Three maps of the true gains, of one memory cell where there are several. */
async function gainsOf(truth: string): Promise<string> {
  const maps = await openMaps(truth);
  const { height, width } = maps;
  const file = at('gains.h5');
  const writer = await createHdf5(file);
  const gains = maps.cell(0).gains!;
  const values = new Float64Array(gains.length * height * width);
  gains.forEach((map, stage) => {
    values.set(map, stage * height * width);
  });
  writer.dataset('/pixel_gain', values, [gains.length, height, width]);
  maps.close();
  await writer.commit();
  return `${file}#/pixel_gain`;
}

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
  // Where words of gain say the stage, each setting is an argument of its own; so many frames of four memory cells.
  const setting = 4 * DARKS_A_STAGE;
  const darks =
    rawDetector(detector).select.by === 'bits'
      ? [raw!.darks]
      : [0, 1, 2].map((stage) => `${raw!.darks}[${stage * setting}:${(stage + 1) * setting}]`);
  await makeDarks({ frames: darks, detector, out: at('maps.h5') }, silence);
  const words = await evaluateRun(
    run,
    {
      raw: [at('words.h5')],
      maps: at('maps.h5'),
      gain: await gainsOf(raw!.truth),
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
