/** `vetoc live` as a person starts it. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { openFrames } from '../../src/data/open.js';
import { RAW_DETECTORS } from '../../src/data/raw/detectors.js';
import { format } from '../../src/fixed/format.js';
import { fromWords } from '../../src/passes/from-words.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { writeGraph } from '../../src/ir/graph-files.js';
import { RUN_FILES } from '../../src/run/folder.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { runCli } from '../cli/run-cli.js';
import { writeRun } from '../cli/written-run.js';
import { sampleFloatGraph } from '../onnx/sample-float.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { imageMessage, startEmulator, startMessageOf, type EmulatedSeries } from './emulator.js';
import { scoresOf, startLiveOf } from './live-process.js';

const [HEIGHT, WIDTH] = [40, 36];
const graph: FixedGraph = { ...sampleFixedGraph({ height: HEIGHT, width: WIDTH }), threshold: -220 };
const frames = sampleFrames(30, HEIGHT * WIDTH).map((frame) => frame.map((v) => Math.min(v, 50_000)));
const series: EmulatedSeries = { id: 4, height: HEIGHT, width: WIDTH, frames };

let folder = '';
const at = (name: string): string => join(folder, name);

async function writeNetwork(fixed: FixedGraph): Promise<void> {
  await writeGraph(join(at('run'), RUN_FILES.fixedGraph), 'fixed', fixed);
  await writeFile(join(at('run'), RUN_FILES.fixedOnnx), emitFixedOnnx(fixed));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-live-'));
  await writeRun(at('run'), graph, sampleFloatGraph());
  await mkdir(join(at('run'), 'onnx'), { recursive: true });
  await writeNetwork(graph);
});
afterAll(() => rm(folder, { recursive: true }));

const startLive = (...args: readonly string[]) => startLiveOf(at('run'), ...args);

describe('vetoc live', () => {
  it('prints a line a decision, reads the run again on SIGHUP, and delivers what it has on SIGTERM', async () => {
    const emulator = await startEmulator();
    const live = startLive('--from', `dectris://${emulator.host}`, '--processes', '1');
    try {
      await emulator.send([
        startMessageOf(series),
        ...frames.slice(0, 10).map((_, i) => imageMessage(series, i)),
      ]);
      while (live.lines() < 10) await new Promise((resolve) => setTimeout(resolve, 20));
      const other: FixedGraph = {
        ...sampleFixedGraph({ height: HEIGHT, width: WIDTH, seed: 2 }),
        threshold: 0,
      };
      await writeNetwork(other);
      live.child.kill('SIGHUP');
      await live.said('read again');
      await emulator.send(frames.slice(10).map((_, i) => imageMessage(series, 10 + i)));
      while (live.lines() < 30) await new Promise((resolve) => setTimeout(resolve, 20));
      live.child.kill('SIGTERM');
      const { code, stdout, stderr } = await live.done;
      expect(code, stderr).toBe(0);
      const [mine, theirs] = [
        await createInterpreter(graph).run(frames),
        await createInterpreter(other).run(frames),
      ];
      expect(scoresOf(stdout)).toEqual([...mine.slice(0, 10), ...theirs.slice(10)].map(({ score }) => score));
      expect(stderr).toMatch(/30 frames, \d+ kept \(0 missing\).*ended: stopped/);
    } finally {
      emulator.close();
      live.child.kill('SIGKILL');
      await writeNetwork(graph);
    }
  });

  it('serves its figures and whether it is ready', async () => {
    const emulator = await startEmulator();
    const live = startLive('--from', `dectris://${emulator.host}`, '--metrics', '0', '--processes', '1');
    try {
      await live.said('/metrics');
      await emulator.send([startMessageOf(series), ...[0, 1, 5].map((i) => imageMessage(series, i))]);
      while (live.lines() < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      const [address] = /http:\S+(?=\/metrics)/.exec(live.stderr())!;
      const text = await (await fetch(`${address}/metrics`)).text();
      expect(text).toMatch(/^vetoc_missing_frames 3$/m);
      expect(text).toMatch(/^vetoc_latency_seconds_count 3$/m);
      expect(text).toMatch(/^vetoc_sink_written_frames\{sink="-"\} 3$/m);
      expect(text).toMatch(/^vetoc_sink_waiting\{sink="-"\} 0$/m);
      expect(text).toMatch(/^vetoc_sink_failing\{sink="-"\} 0$/m);
      const decided = [...text.matchAll(/^vetoc_frames_total\{reason="score",kept="\w+"\} (\d+)$/gm)];
      expect(decided.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(3);
      expect((await fetch(`${address}/livez`)).status).toBe(200);
      expect((await fetch(`${address}/readyz`)).status).toBe(200);
      expect((await fetch(`${address}/`)).status).toBe(404);
    } finally {
      emulator.close();
      live.child.kill('SIGKILL');
    }
  });

  it('a folder that grows is decided file by file; a file that cannot be read is kept and flagged', async () => {
    const night = at('night');
    await mkdir(night);
    const seen: Uint16Array[] = [];
    for (let i = 0; i < 2; i++) {
      const made = await runCli(
        'simulate',
        join(folder, `f${i}.h5`),
        '--count',
        '3',
        '--size',
        `${HEIGHT}x${WIDTH}`,
        '--seed',
        String(i),
      );
      expect(made.code, made.stderr).toBe(0);
    }
    const live = startLive('--from', night, '--frames', '7', '--processes', '1');
    try {
      await copyFile(at('f0.h5'), join(night, 'a.h5'));
      while (live.lines() < 3) await new Promise((resolve) => setTimeout(resolve, 50));
      await writeFile(join(night, 'b.h5'), 'not a frame');
      await copyFile(at('f1.h5'), join(night, 'c.h5'));
      const { code, stdout, stderr } = await live.done;
      expect(code, stderr).toBe(0);
      for (const name of ['a.h5', 'c.h5']) {
        const source = await openFrames(join(night, name));
        for (let i = 0; i < source.count; i++) seen.push((await source.read(i)).pixels);
        await source.close();
      }
      const right = (await createInterpreter(graph).run(seen)).map(({ score }) => score);
      expect(scoresOf(stdout)).toEqual([...right.slice(0, 3), null, ...right.slice(3)]);
      expect(stdout.split('\n')[3]).toMatch(/"keep":true,"reason":"malformed"/);
      expect(stderr).toMatch(/kept undecided/);
    } finally {
      live.child.kill('SIGKILL');
    }
  });

  it('a run for raw words is refused in words: maps are named beside one for counts', async () => {
    const formats = { pedestal: format(false, 16, 14), factor: format(true, 10, 6) };
    await writeRun(at('raw'), fromWords(graph, RAW_DETECTORS.jungfrau, formats), sampleFloatGraph());
    const { code, stderr } = await runCli('live', at('raw'), '--from', 'simulate://?frames=1');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/starts at raw words: name a run for counts, and maps with --maps/),
    ]);
  });

  it.each([
    [['--from', 'kafka://x'], /'kafka:\/\/' is no source — begin it with dectris:\/\//],
    [['--from', 'nowhere'], /nowhere: --from: is no folder/],
    [['--from', 'simulate://?rat=3'], /rat=3/],
    [
      ['--from', 'simulate://?frames=1', '--to', 'kept.tif'],
      /kept.tif: --to: has an ending that says no format/,
    ],
    [['--from', 'simulate://?frames=1', '--to', 'http://x'], /is no sink/],
    [['--from', 'simulate://?frames=1', '--to', 'stream://*:45199'], /this source has none/],
    [['--from', 'simulate://?frames=1', '--prescale', '-1'], /--prescale/],
    [['--from', 'simulate://?frames=1', '--mask', 'nothing.npy'], /nothing.npy/],
    [['--from', 'simulate://?frames=1', '--canary', 'nothing'], /nothing/],
  ])('%j is refused in words', async (args, words) => {
    const { code, stderr } = await runCli('live', at('run'), ...args);
    expect(stderr).toMatch(words);
    expect(code).toBe(2);
  });
});
