/**
 * `vetoc live` on a detector's stream over loopback: frames decided a second, time from receipt to decision, memory.
 *
 *     npm run bench:live                                     512×512 uint16, recipe veto: as fast as it goes, then at 100/s
 *     npm run bench:live -- --type uint32 --side 2048 --factor 16
 *     npm run bench:live -- --soak 3600 --rate 320           at that rate for so many seconds; every decision is compared
 *
 * The detector is a process of its own (test/live/emulator-process.ts) that sends packed simulated frames; `vetoc live`
 * is the command as a person starts it, with untrained weights. Figures depend on the machine and on what else runs: so
 * frames a second of processor time, all processes of `vetoc live` together, stand beside those of the clock.
 * `--soak` compares each decision with what `vetoc score` says of the same frame and fails where one differs, is lost or
 * comes twice, or where memory grows by more than 5 % after the first tenth.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decisionsOf, quantilesOf, scoresByCommand } from './live/decisions.js';
import { runLive, type LiveRunFigures } from './live/run-live.js';
import { makePool } from './live/pool.js';
import { writeUntrainedRun } from './live/network.js';

const { values } = parseArgs({
  options: {
    side: { type: 'string', default: '512' },
    type: { type: 'string', default: 'uint16' },
    factor: { type: 'string' },
    frames: { type: 'string' },
    rate: { type: 'string', default: '100' },
    soak: { type: 'string' },
    processes: { type: 'string', default: String(availableParallelism()) },
    keep: { type: 'string' },
  },
});
if (values.type !== 'uint16' && values.type !== 'uint32') throw new Error('--type is uint16 or uint32');
const side = Number(values.side);
const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'vetoc-live-bench-')));
await mkdir(folder, { recursive: true });

const ms = (value: number): string => `${value.toFixed(2)} ms`;
const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

function tell(
  what: string,
  { frames, seconds, cpuSeconds, memory }: LiveRunFigures,
  latencies: Float64Array,
): void {
  const [median, p99, p999] = quantilesOf(latencies, [0.5, 0.99, 0.999]);
  console.log(
    [
      `${what}: ${frames} frames in ${seconds.toFixed(1)} s, ${(frames / seconds).toFixed(0)}/s`,
      `${(frames / cpuSeconds).toFixed(0)} a second of processor time`,
      `receipt to decision: median ${ms(median!)}, 99 % ${ms(p99!)}, 99.9 % ${ms(p999!)}`,
      `memory: ${MB(memory.after(0.1))} after a tenth, ${MB(memory.last)} at the end, ${MB(memory.most)} at most`,
      `load ${loadavg()[0]!.toFixed(1)}`,
    ].join('\n  '),
  );
}

try {
  const pool = await makePool(folder, { side, type: values.type, frames: 16 });
  const run = join(folder, 'run');
  await writeUntrainedRun(run, {
    recipe: 'veto',
    size: [side, side],
    frames: pool.seen,
    ...(values.factor === undefined ? {} : { factor: Number(values.factor) }),
  });
  const request = { folder, run, pool: pool.file, processes: Number(values.processes) };
  const right = await scoresByCommand(run, pool.framesFile, join(folder, 'scores.jsonl'));
  const check = async (file: string, frames: number): Promise<Float64Array> => {
    const { latencies, problems } = await decisionsOf(file, frames, right);
    if (problems.length > 0) {
      console.error(problems.slice(0, 20).join('\n'));
      process.exitCode = 1;
    }
    return latencies;
  };
  const rate = Number(values.rate);
  if (values.soak === undefined) {
    const frames = Number(values.frames ?? Math.ceil(4000 * (512 / side) ** 2));
    const free = await runLive({ ...request, rate: 0, frames, name: 'free' });
    tell('as fast as it goes', free, await check(free.decisions, free.frames));
    const paced = await runLive({ ...request, rate, frames: Math.min(frames, 20 * rate), name: 'paced' });
    tell(`at ${values.rate}/s`, paced, await check(paced.decisions, paced.frames));
  } else {
    const soak = await runLive({ ...request, rate, frames: rate * Number(values.soak), name: 'soak' });
    tell(`soak at ${values.rate}/s`, soak, await check(soak.decisions, soak.frames));
    const growth = soak.memory.last / soak.memory.after(0.1) - 1;
    console.log(`  memory grew by ${(100 * growth).toFixed(1)} % after the first tenth`);
    if (growth > 0.05) process.exitCode = 1;
    await writeFile(join(folder, 'memory.json'), JSON.stringify(soak.memory.samples));
  }
} finally {
  if (values.keep === undefined) await rm(folder, { recursive: true });
}
