/**
 * The fuzzer: random networks through every witness and every pass, until the time is up.
 *
 *   npm run fuzz -- --seconds 60 --seed 1 [--csim 0.1] [--rtl 0.1] [--first N] [--count N] [--only rtl] [--shrink 400]
 *
 * The same seed gives the same sequence; `--csim` is the share of networks that are also compiled,
 * `--rtl` the share that Verilator simulates; `--count` stops after so many networks, `--only` names the one check to make.
 * A failure is shrunk and written to `test/regressions/`; the exit code is then 1, and also where `--count` was not reached.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/core/random.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { check, CHECKS, randomHls, type CheckName, type Subject } from './check.js';
import type { FloatFailure } from './float-checks.js';
import { fuzzFrames } from './frames.js';
import { fuzzNetwork } from './network.js';
import { opWidths } from './random-graph.js';
import { floatRegressionText, REGRESSIONS, regressionText } from './regression.js';
import { shrinkFloat } from './shrink-float.js';
import { shrink } from './shrink.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    csim: { type: 'string', default: '0.1' },
    rtl: { type: 'string', default: '0' },
    first: { type: 'string', default: '0' },
    count: { type: 'string', default: '0' },
    only: { type: 'string', default: '' },
    lanes: { type: 'string', default: '2' },
    frames: { type: 'string', default: '4' },
    shrink: { type: 'string', default: '400' },
  },
});
const number = (key: Exclude<keyof typeof values, 'only'>): number => {
  const value = Number(values[key]);
  if (!Number.isFinite(value) || value < 0)
    throw new Error(`--${key} ${values[key]} is not a number from 0 up`);
  return value;
};
const settings = {
  seconds: number('seconds'),
  seed: number('seed'),
  csim: number('csim'),
  rtl: number('rtl'),
  first: number('first'),
  count: number('count'),
  lanes: number('lanes'),
  frames: number('frames'),
  shrink: number('shrink'),
};
if (values.only !== '' && !CHECKS.some((name) => name === values.only))
  throw new Error(`--only ${values.only} is none of ${CHECKS.join(', ')}`);

const counts = new Map<string, number>();
const count = (what: string, n = 1): void => void counts.set(what, (counts.get(what) ?? 0) + n);
const widths = new Map<string, Set<number>>();
const refusals = new Map<string, number>();
let failures = 0;

function cover(graph: FixedGraph): void {
  if (graph.reloadable) count('networks with reloadable weights');
  for (const [kind, width] of opWidths(graph)) {
    const seen = widths.get(kind) ?? new Set<number>();
    widths.set(kind, seen.add(width));
  }
}

async function fail(index: number, name: CheckName, subject: Subject): Promise<void> {
  const outcome = await check(name, subject);
  if (outcome.kind !== 'failed') {
    console.log(`network ${index}: ${name} failed once and not again`);
    return;
  }
  console.log(`network ${index}: ${name} fails in ${outcome.stage}\n  ${outcome.text}\n  shrinking …`);
  const small = await shrink(
    name,
    subject,
    outcome,
    name === 'csim' || name === 'rtl' ? settings.shrink / 8 : settings.shrink,
  );
  const file = join(REGRESSIONS, `${name}-${settings.seed}-${index}.json`);
  writeFileSync(file, regressionText(name, small.subject, `${small.outcome.stage}: ${small.outcome.text}`));
  console.log(`  ${small.subject.graph.nodes.length} nodes: ${small.outcome.text}\n  written to ${file}`);
}

async function failFloat(index: number, failure: FloatFailure): Promise<void> {
  console.log(`network ${index}: ${failure.check} fails: ${failure.outcome.text}\n  shrinking …`);
  const small = await shrinkFloat(failure, settings.shrink);
  const name = small.check.replaceAll(' ', '-');
  const file = join(REGRESSIONS, `${name}-${settings.seed}-${index}.json`);
  writeFileSync(file, floatRegressionText(small));
  console.log(`  ${small.subject.graph.nodes.length} nodes: ${small.outcome.text}\n  written to ${file}`);
}

async function one(index: number): Promise<void> {
  const random = createRandom(settings.seed).fork(`about ${index}`);
  const compiled = random.uniform() < settings.csim;
  const simulated = random.fork('rtl').uniform() < settings.rtl;
  const { graph, origin, broken } = await fuzzNetwork(settings.seed, index);
  count(`networks from ${origin} graphs`);
  if (broken !== null) {
    failures += 1;
    await failFloat(index, broken);
  }
  if (graph === null) return;
  cover(graph);
  const subject = {
    graph,
    frames: fuzzFrames(graph, random.uint32(), settings.frames),
    hls: randomHls(random),
  };
  for (const name of CHECKS) {
    if (
      values.only !== ''
        ? name !== values.only
        : (name === 'csim' && !compiled) || (name === 'rtl' && !simulated)
    )
      continue;
    if (name === 'csim') {
      count(`compiled for ${subject.hls.pixelsPerClock} pixels per clock`);
      if (subject.hls.framesPerSecond !== undefined)
        count(`compiled for ${subject.hls.framesPerSecond} frames/s, where the beats allow it`);
    }
    const outcome = await check(name, subject);
    count(`${name}: ${outcome.kind}`);
    if (outcome.kind === 'same') count('integers compared', outcome.values);
    if (outcome.kind === 'unsupported') {
      const reason = outcome.reason.replace(/[0-9]+/g, 'N').slice(0, 100);
      refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
    }
    if (outcome.kind !== 'failed') continue;
    failures += 1;
    await fail(index, name, subject);
    // The others would tell of the same defect, or ask an interpreter that has none to give.
    break;
  }
}

const started = performance.now();
const elapsed = (): number => (performance.now() - started) / 1000;
let next = settings.first;
let done = 0;
async function lane(): Promise<void> {
  while (elapsed() < settings.seconds && (settings.count === 0 || next < settings.first + settings.count)) {
    await one(next++);
    done += 1;
    if (done % (values.only === '' ? 500 : 50) === 0)
      console.log(`${done} networks in ${elapsed().toFixed(0)} s, ${failures} failures`);
  }
}
await Promise.all(Array.from({ length: settings.lanes }, lane));

console.log(`\nseed ${settings.seed}: networks ${settings.first} to ${next - 1}, ${failures} failures`);
for (const [what, n] of [...counts].sort()) console.log(`  ${what}: ${n}`);
for (const [reason, n] of refusals) console.log(`  refused ${n} times: ${reason}`);
const pairs = [...widths.values()].reduce((sum, seen) => sum + seen.size, 0);
console.log(`ops × widths covered: ${pairs} pairs of ${widths.size} ops; widths of what each op wrote:`);
for (const [kind, seen] of [...widths].sort())
  console.log(`  ${kind.padEnd(16)} ${[...seen].sort((a, b) => a - b).join(' ')}`);
const unreached = done < settings.count;
if (unreached) console.log(`only ${done} of ${settings.count} networks in ${settings.seconds} s`);
process.exitCode = failures === 0 && !unreached ? 0 : 1;
