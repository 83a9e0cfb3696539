/**
 * Large detectors in parts: AGIPD 1M, JUNGFRAU 4M, ePix10ka 2M, as `vetoc plan` knows them, on simulated frames whose picture is cut
 * into modules. A small network of random weights; every integer of every front end and of the decision in C++ against the
 * definition of the whole, then the bench of all parts. Prints what was compared, and bytes on the link.
 *
 *   npx tsx test/bench/modules.ts [DETECTOR…]
 */
import { rm } from 'node:fs/promises';
import { createModulesCsim } from '../../src/backends/hls/modules-csim.js';
import { simulateFramesParallel } from '../../src/data/parallel.js';
import { squarestLayout, stackModules } from '../../src/data/stack-modules.js';
import { PLANNED_DETECTORS } from '../../src/run/plan.js';
import { interpret } from '../../src/simulate/interpret.js';
import { runProcess } from '../../src/simulate/process.js';
import { compareResults } from '../../src/verify/divergence.js';
import { moduleGraph, partsOnDisk } from '../modules/small-detector.js';

const FRAMES = 2;
/** Rows and columns of a block that preprocessing bins. */
const FACTOR = 8;

type Name = keyof typeof PLANNED_DETECTORS;

async function simulated(name: Name): Promise<readonly Uint16Array[]> {
  const { modules, size } = PLANNED_DETECTORS[name];
  const layout = squarestLayout(modules, size);
  const picture = { height: layout[0] * size[0], width: layout[1] * size[1] };
  const source = stackModules(
    simulateFramesParallel({ seed: 1, count: FRAMES, ...picture, variety: 'standard' }),
    layout,
  );
  try {
    const frames: Uint16Array[] = [];
    for (let i = 0; i < FRAMES; i++) frames.push((await source.read(i)).pixels);
    return frames;
  } finally {
    await source.close();
  }
}

async function show(name: Name): Promise<boolean> {
  const { title, modules, size } = PLANNED_DETECTORS[name];
  const graph = await moduleGraph(modules, size, FACTOR);
  const frames = await simulated(name);
  const { folder, built } = await partsOnDisk(graph, frames);
  try {
    const csim = await createModulesCsim(graph, folder);
    if (csim.kind !== 'ready') throw new Error(csim.reason);
    const found = await csim.witness.run(frames, { tensors: true });
    await csim.witness.close();
    const compared = found.map((result, i) =>
      compareResults(graph, interpret(graph, frames[i]!, true), result),
    );
    const integers = compared.reduce((sum, one) => sum + one.compared, 0);
    const different = compared.filter(({ first }) => first !== null).length;
    const assembly = await runProcess('make', ['-C', folder, 'assembly']);
    const said = assembly.kind === 'finished' ? assembly.stdout : '';
    const [line = 'assembly: it failed'] = /^assembly: .*$/m.exec(said) ?? [];
    process.stdout.write(
      `${title}: ${modules} modules of ${size.join(' × ')}, ${integers.toLocaleString('en-US')} integers of ${FRAMES} frames, ` +
        `${different} frames differ\n  ${built.parts!.map((part) => part.title).join('\n  ')}\n  ${line}\n`,
    );
    return different === 0 && assembly.kind === 'finished' && assembly.code === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const asked = process.argv.slice(2);
const names = Object.keys(PLANNED_DETECTORS) as Name[];
const unknown = asked.filter((one) => !names.some((name) => name === one));
if (unknown.length > 0) {
  process.stderr.write(`no detector ${unknown.join(', ')}: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else
  for (const name of names.filter((one) => asked.length === 0 || asked.includes(one)))
    if (!(await show(name))) process.exitCode = 1;
