/**
 * The plug-ins for LCLS-II's trigger event builder, compiled by their own Makefile against stand-in headers, with a stub of an
 * event builder around them: persist, prescale and auxdata of every event are those of the definition.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitHls } from '../../src/backends/hls/emit.js';
import { createRandom } from '../../src/core/random.js';
import { prescaleChooses } from '../../src/ir/prescale.js';
import { interpret } from '../../src/simulate/interpret.js';
import { loadFpga } from '../../src/targets/load.js';
import { make, writeProject } from '../hls/project.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';

const FRAMES = 24;
const frames = sampleFrames(FRAMES, 40 * 36, 3);
const base = sampleFixedGraph();
const scores = frames.map((frame) => interpret(base, frame).score);
const graph = { ...base, threshold: [...scores].sort((a, b) => a - b)[FRAMES >> 1]! };
const L1_ACCEPT = 12;
const [UNDECIDED, BY_PRESCALE] = [2, 4];

interface Contribution {
  readonly bytes: Uint8Array;
  /** Of another detector, which no plug-in of vetoc saw. */
  readonly foreign?: boolean;
  readonly damage?: number;
}
interface Event {
  readonly pulse: bigint;
  readonly transition?: number;
  readonly contributions: readonly Contribution[];
}

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = writeProject(emitHls(graph, { target: await loadFpga('kcu1500') }));
  const standin = `-I${join(import.meta.dirname, 'standin')}`;
  const { code, output } = await make(at('teb'), 'all', ['CXXFLAGS=-O1 -Werror', `PSDAQ=${standin}`]);
  expect(code, output).toBe(0);
  const stub = ['-std=c++17', '-Wall', '-Wextra', standin, '-o', at('builder'), join(import.meta.dirname, 'builder.cc'), '-ldl']; // prettier-ignore
  const linked = spawnSync('g++', stub, { encoding: 'utf8' });
  expect([linked.status, linked.stderr]).toEqual([0, '']);
}, 240_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function encoded({ pulse, transition = L1_ACCEPT, contributions }: Event): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64LE(pulse);
  head.writeUInt32LE(transition, 8);
  head.writeUInt32LE(contributions.length, 12);
  const parts = contributions.flatMap(({ bytes, foreign = false, damage = 0 }) => [
    Buffer.from(Uint32Array.of(Number(foreign), damage, bytes.length).buffer),
    Buffer.from(bytes),
  ]);
  return Buffer.concat([head, ...parts]);
}

interface Result {
  readonly persist: boolean;
  readonly prescale: boolean;
  readonly why: number;
  readonly score: number;
}

/** What the stub's event builder says of `events`. */
function build(events: readonly Event[], threshold: number | 'trained', n: number, key: number): Result[] {
  const libraries = ['producer', 'consumer'].map((name) => at('teb', `libvetoc_${name}.so`));
  const { status, stdout, stderr } = spawnSync(at('builder'), [...libraries, String(threshold), String(n), String(key)], {
    input: Buffer.concat(events.map(encoded)),
  }); // prettier-ignore
  expect([status, String(stderr)]).toEqual([0, '']);
  return Array.from({ length: events.length }, (_, i) => {
    const word = stdout.readUInt32LE(4 * i);
    return {
      persist: (word & 2) !== 0,
      prescale: (word & 1) !== 0,
      why: (word >>> 8) & 0xff,
      score: (word >> 16) | 0,
    };
  });
}

const bytesOf = (frame: Uint16Array): Uint8Array => new Uint8Array(frame.buffer.slice(0));
const saturated = (score: number): number => Math.max(-32768, Math.min(32767, score));

describe('an event', () => {
  it('is kept by its score, and misses by the hash of their pulse, bit for bit', () => {
    const random = createRandom(8);
    const [n, key] = [3, 0xdeadbeef];
    const events = Array.from({ length: 240 }, (_, i) => ({
      pulse: BigInt(random.integer(0, 2 ** 31)) * 2n ** BigInt(random.integer(0, 30)) + BigInt(i),
      contributions: [{ bytes: bytesOf(frames[i % FRAMES]!) }],
    }));
    for (const threshold of ['trained', Math.max(...scores)] as const) {
      const limit = threshold === 'trained' ? graph.threshold : threshold;
      const right = events.map(({ pulse }, i) => {
        const score = scores[i % FRAMES]!;
        const persist = score >= limit;
        const prescale = !persist && prescaleChooses(pulse, n, key);
        return { persist, prescale, why: persist ? 1 : prescale ? BY_PRESCALE : 0, score: saturated(score) };
      });
      expect(build(events, threshold, n, key)).toEqual(right);
      for (const what of ['persist', 'prescale'] as const)
        expect(new Set(right.map((one) => one[what]))).toEqual(new Set([true, false]));
    }
  });

  it('is kept where no network decided: no frame, one of another size, damage, none of vetoc', () => {
    const miss = frames[scores.indexOf(Math.min(...scores))]!;
    const hit = frames[scores.indexOf(Math.max(...scores))]!;
    const foreign = { bytes: new Uint8Array(100).fill(7), foreign: true };
    const undecided: readonly (readonly Contribution[])[] = [
      [],
      [foreign],
      [{ bytes: bytesOf(miss).subarray(2) }],
      [{ bytes: bytesOf(miss), damage: 1 }],
      [{ bytes: bytesOf(miss) }, { bytes: new Uint8Array(0) }],
    ];
    const decided: readonly (readonly Contribution[])[] = [
      [{ bytes: bytesOf(miss) }],
      [foreign, { bytes: bytesOf(miss) }, { bytes: new Uint8Array(3), foreign: true }],
      [{ bytes: bytesOf(miss) }, { bytes: bytesOf(hit) }],
    ];
    const events = [...undecided, ...decided].map((contributions, i) => ({
      pulse: BigInt(i),
      contributions,
    }));
    const results = build(events, 'trained', 0, 0);
    expect(results.map(({ persist, prescale, why }) => [persist, prescale, why])).toEqual([
      ...undecided.map(() => [true, false, UNDECIDED]),
      [false, false, 0],
      [false, false, 0],
      [true, false, 1],
    ]);
    expect(results.at(-1)!.score).toBe(saturated(Math.max(...scores)));
  });

  it('of another kind than a shot is left as it is', () => {
    const [result] = build([{ pulse: 1n, transition: 2, contributions: [{ bytes: bytesOf(frames[0]!) }] }], 'trained', 1, 0); // prettier-ignore
    expect(result).toEqual({ persist: false, prescale: false, why: 0, score: 0 });
  });
});
