/**
 * The networks by name through the RTL: every value of every stage and the cycle of every decision, in a table.
 *
 *     npm run rtl -- [--only demo,veto] [--frames 4] [--request 2] [--drills 0] [--size N] [--icarus] [--pixels-per-clock 8]
 *       [--latency 200]
 *
 * Verilator runs each network on frames of its own size; with --icarus it is Icarus Verilog, on frames of 32×32 unless --size
 * says otherwise. The latency that is asked for is in cycles from the last pixel. A third of the requests comes back to back, a
 * third with gaps, and a third with decisions that are taken late, of which the values count alone; the first comes back to
 * back: --frames 100 --request 100 are a hundred frames without a pause. The exit code is 1 where anything differs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/core/random.js';
import { simulateFrames } from '../../src/data/simulate/simulate-frames.js';
import type { HlsOptions } from '../../src/backends/dataflow/design.js';
import { PIXELS_PER_CLOCK } from '../../src/backends/dataflow/link.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import { createRtl } from '../../src/backends/rtl/verilator.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import type { Witness } from '../../src/simulate/witness.js';
import { patternFrames, randomFrames, type NamedFrame } from '../../src/verify/frames.js';
import { verify } from '../../src/verify/verify.js';
import { writeFiles } from '../hls/project.js';
import { icarus } from './icarus.js';
import { NAMED_NETWORKS } from './named-networks.js';
import { rtlDesign } from './project.js';
import { withMaps } from './raw-networks.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    frames: { type: 'string', default: '6' },
    drills: { type: 'string', default: '0' },
    size: { type: 'string' },
    icarus: { type: 'boolean', default: false },
    'pixels-per-clock': { type: 'string', default: '1' },
    latency: { type: 'string' },
    request: { type: 'string', default: '2' },
  },
});
const names = values.only?.split(',');
const unknown = names?.filter((name) => !NAMED_NETWORKS.some((n) => n.name === name)) ?? [];
if (unknown.length > 0)
  throw new Error(`--only ${unknown.join(',')}: none of ${NAMED_NETWORKS.map((n) => n.name).join(', ')}`);
const size = values.size === undefined ? (values.icarus ? 32 : undefined) : Number(values.size);
const count = Number(values.frames);
const CLOCK_MHZ = 200;
const pixelsPerClock = PIXELS_PER_CLOCK.find((pixels) => pixels === Number(values['pixels-per-clock']));
if (pixelsPerClock === undefined)
  throw new Error(`--pixels-per-clock ${values['pixels-per-clock']}: none of ${PIXELS_PER_CLOCK.join(', ')}`);
const asked: Omit<HlsOptions, 'target'> = {
  clockMHz: CLOCK_MHZ,
  pixelsPerClock,
  ...(values.latency === undefined ? {} : { latencyMicroseconds: Number(values.latency) / CLOCK_MHZ }),
};
const drills = Number(values.drills);
const request = Number(values.request);

/** Frames as a detector gives them, patterns, and noise, in turns. */
async function framesFor(graph: FixedGraph): Promise<NamedFrame[]> {
  const [height, width] = inputNode(graph).size;
  const source = simulateFrames({ seed: 3, count, height, width });
  const simulated: NamedFrame[] = [];
  for (let i = 0; i < count; i++)
    simulated.push({ name: `simulated ${i}`, kind: 'file', pixels: (await source.read(i)).pixels });
  const patterns = patternFrames(graph);
  const random = randomFrames(graph, count, createRandom(5));
  return Array.from({ length: count }, (_, i) => {
    const kind = [simulated, random, patterns][i % 3]!;
    return kind[i % kind.length]!;
  });
}

/** Two frames a request, unless told otherwise: each manner of arriving has its turn, and the second frame finds what the first left. */
const inRequests = (witness: Witness): Witness => ({
  ...witness,
  async run(frames, options) {
    const results = [];
    for (let i = 0; i < frames.length; i += request)
      results.push(...(await witness.run(frames.slice(i, i + request), options)));
    return results;
  },
});

const started = performance.now();
const seconds = (from: number): string => ((performance.now() - from) / 1000).toFixed(0);
const cell = (value: unknown, width: number): string => String(value).padStart(width);
console.log(
  `${'network'.padEnd(12)}${['frame', 'cycles', 'latency', 'frames', 'drills', 'values', 'different', 'decisions', 'off cycle', 'build s', 'run s'].map((h) => cell(h, 11)).join('')}`,
);
let wrong = 0;
for (const { name, make, smallest = 32 } of NAMED_NETWORKS) {
  if (names !== undefined && !names.includes(name)) continue;
  const graph = await make(size === undefined ? undefined : Math.max(size, smallest));
  const design = rtlDesign(graph, asked);
  const begun = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-networks-'));
  let witness: Witness;
  if (values.icarus) witness = await icarus(graph, design);
  else {
    writeFiles(folder, emitRtl(design));
    const rtl = await createRtl(graph, folder, parseModel(printModel(design), 'model.json'), {
      optimization: '-O1',
    });
    if (rtl.kind !== 'ready') throw new Error(rtl.reason);
    ({ witness } = rtl);
  }
  const built = seconds(begun);
  const running = performance.now();
  const result = await verify(
    graph,
    withMaps(graph, createInterpreter(graph)),
    [inRequests(withMaps(graph, witness))],
    await framesFor(graph),
    {
      minimizeBudget: 0,
      coverageFrames: 0,
      ...(drills > 0 ? { drills: { most: drills, seed: 1 } } : {}),
    },
  );
  await witness.close();
  rmSync(folder, { recursive: true });
  const [of] = result.witnesses;
  const drilled = result.drills?.witnesses[0];
  const failed = of!.failed ?? drilled?.failed ?? null;
  const different = of!.mismatches + (drilled?.mismatches ?? 0);
  if (result.verdict !== 'exact') wrong += 1;
  const [height, width] = inputNode(graph).size;
  console.log(
    name.padEnd(12) +
      [
        `${height}x${width}`,
        design.schedule.cyclesPerFrame,
        design.schedule.latencyLastPixel,
        of!.frames,
        drilled?.drills ?? 0,
        of!.values + (drilled?.values ?? 0),
        different,
        of!.frames,
        failed === null ? 0 : '?',
        built,
        seconds(running),
      ]
        .map((v) => cell(v, 11))
        .join(''),
  );
  if (failed !== null) console.log(`  ${failed}`);
  const first = of!.first ?? drilled?.first;
  if (first != null) console.log(`  ${first.text}`);
}
console.log(`${wrong === 0 ? 'nothing differs' : `${wrong} networks differ`}, ${seconds(started)} s`);
process.exitCode = wrong === 0 ? 0 : 1;
