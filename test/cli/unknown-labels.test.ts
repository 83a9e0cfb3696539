/** Frames that nobody is sure of: they take no part in measures and in training, which is said in words. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unseenFrames } from '../../src/run/unseen-frames.js';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { partitionFrames } from '../../src/data/partition.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { interpret } from '../../src/simulate/interpret.js';
import { sampleFloatGraph } from '../onnx/sample-float.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { runCli } from './run-cli.js';
import { writeRun } from './written-run.js';

const [H, W, COUNT] = [40, 36, 30];
const frames = sampleFrames(COUNT, H * W, 11);
const graph = sampleFixedGraph();
const scores = frames.map((frame) => interpret(graph, frame).score);
const threshold = [...scores].sort((a, b) => a - b)[15]!;
/** Of three frames one is a hit, one a miss, one unknown. */
const hit = Uint8Array.from(frames, (_, i) => [1, 0, 255][i % 3]!);
const count = (value: number, kept: boolean): number =>
  scores.filter((score, i) => hit[i] === value && score >= threshold === kept).length;

let folder: string;
let night: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-unknown-'));
  night = join(folder, 'night.h5');
  await writeRun(folder, { ...graph, threshold }, sampleFloatGraph());
  const writer = await createHdf5(night);
  writer.dataset('/entry/data/data', Uint16Array.from(frames.flatMap((frame) => [...frame])), [COUNT, H, W]);
  writer.dataset('/entry/data/hit', hit);
  await writer.commit();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('frames whose label is neither 0 nor 1', () => {
  it('are left out of what vetoc evaluate measures, and counted', async () => {
    const { code, stdout } = await runCli('evaluate', folder, '--frames', night, '--json');
    expect(code).toBe(0);
    const printed = JSON.parse(stdout) as {
      unlabelled: number;
      decisions: { hit: boolean | null }[];
    };
    expect(printed.unlabelled).toBe(10);
    expect(printed.decisions.filter((one) => one.hit === null)).toHaveLength(10);
    const said = await runCli('evaluate', folder, '--frames', night);
    expect(said.stdout).toMatch(
      /10 of 30 frames are neither hits nor misses for sure: the measures leave them out/,
    );
    expect(said.stdout).toMatch(
      new RegExp(`all\\s+30\\s+10\\s+${count(1, false)}\\s+10\\s+${count(0, true)}`),
    );
    expect(said.stderr).toMatch(
      /warning: .*\/entry\/data\/hit: 10 of 30 frames are neither 0 nor 1 \(255: 10\)/,
    );
  });

  it('are an error where the user is strict', async () => {
    const { code, stdout, stderr } = await runCli(
      'evaluate',
      folder,
      '--frames',
      night,
      '--json',
      '--strict',
    );
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/10 of 30 frames are neither 0 nor 1/);
  });

  it('judge no run: thresholds and stress go by the others', () => {
    const source = framesFromArrays({
      height: 1,
      width: 1,
      frames: frames.map(() => Uint16Array.of(0)),
      labels: [...hit].map((value) => ({ hit: value === 255 ? null : value === 1 })),
    });
    const { indices, isHit, unknown, leftOut } = unseenFrames(source);
    expect([indices.length, isHit.filter(Boolean).length, unknown, leftOut]).toEqual([20, 10, 10, 0]);
    const bare = { ...source, label: () => ({ label: null, hit: null, split: null, group: null }) };
    expect(() => unseenFrames(bare)).toThrow(/neither hits nor misses/);
  });

  it('stand in no part of a partition', () => {
    const source = framesFromArrays({
      height: 1,
      width: 1,
      frames: frames.map(() => Uint16Array.of(0)),
      labels: [...hit].map((value) => ({ hit: value === 255 ? null : value === 1 })),
    });
    const parts = partitionFrames(source, { seed: 1, validation: 0.2, calibration: 0.2, test: 0.2 });
    const used = Object.values(parts).flat();
    expect(used).toHaveLength(20);
    expect(used.every((i) => hit[i] !== 255)).toBe(true);
  });

  it('have no class though they are hits, where frames count by class', () => {
    const labels = Array.from({ length: 40 }, (_, i) =>
      i % 4 === 3 ? { hit: true } : { label: i % 2, hit: i % 2 === 1 },
    );
    const source = framesFromArrays({
      height: 1,
      width: 1,
      frames: labels.map(() => Uint16Array.of(0)),
      labels,
      classNames: ['miss', 'hit'],
    });
    const parts = partitionFrames(source, { seed: 1, validation: 0.2, calibration: 0.2, test: 0.2 });
    expect(Object.values(parts).flat()).toHaveLength(30);
  });
});
