/** Ten thousand random beat streams through the generated receiver, against an independent model. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Link } from '../../src/backends/dataflow/link.js';
import { emitHls } from '../../src/backends/hls/emit.js';
import { createRandom } from '../../src/core/random.js';
import { buildCsim } from '../../src/backends/hls/csim.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { answersTo, type Answer, type Beat } from './link-model.js';
import { asked, packet, parsed, PIXEL_BEATS, randomStream, shapeOf } from './link-streams.js';
import { writeProject } from './project.js';

const target = await loadFpga('kcu1500');
const folderOfStreams = fileURLToPath(new URL('./streams/', import.meta.url));
/** The receiver of a project, compiled; `change` plants a fault. */
async function receiver(link: Partial<Link>, change = (text: string): string => text) {
  const files = emitHls(sampleFixedGraph(), { target, pixelsPerClock: 2, link });
  const path = 'firmware/vetoc/receive.h';
  const text = change(files[path]!);
  const folder = writeProject({ ...files, [path]: text });
  const build = mkdtempSync(join(tmpdir(), 'vetoc-streams-'));
  copyFileSync(join(folderOfStreams, 'streams.cpp'), join(folder, 'tb', 'streams.cpp'));
  const built = await buildCsim(folder, 'streams', build, {
    flags: ['-O0', '-UVETOC_PROBES', '-isystem', folderOfStreams],
  });
  if (built.kind !== 'built') throw new Error(built.reason);
  const remove = (): void => {
    [folder, build].forEach((f) => {
      rmSync(f, { recursive: true });
    });
  };
  const run = (streams: readonly (readonly Beat[])[], counts: readonly number[]): Answer[][] => {
    const result = spawnSync(built.program, [], {
      input: asked(streams, counts),
      maxBuffer: 1 << 28,
    });
    if (result.status !== 0)
      throw new Error(`the receiver ended with ${String(result.status)}: ${result.stderr.toString()}`);
    return parsed(new Int32Array(Uint8Array.from(result.stdout).buffer), counts);
  };
  return { run, remove };
}

describe('ten thousand random streams', () => {
  it.each([
    ['with TUSER and a CRC', { crc: true }, 4000],
    ['with TUSER alone', {}, 3000],
    ['without TUSER', { framing: 'tlast', crc: true }, 2000],
    ['without a header', { header: false }, 1000],
  ] as const)('%s: no answer is wrong, misnumbered or missing', async (_name, link, count) => {
    const random = createRandom(count);
    const shape = shapeOf(link, PIXEL_BEATS);
    const streams = Array.from({ length: count }, () => randomStream(shape, random));
    const expected = streams.map((beats) => answersTo(beats, shape));
    const { run, remove } = await receiver(link);
    const found = run(
      streams,
      expected.map((answers) => answers.length),
    );
    remove();
    const wrong = expected.flatMap((answers, s) =>
      answers.flatMap((answer, a) =>
        JSON.stringify(answer, bigints) === JSON.stringify(found[s]![a], bigints)
          ? []
          : [{ s, a, answer, found: found[s]![a] }],
      ),
    );
    expect(wrong.slice(0, 3)).toEqual([]);
    // Every cause is among them, and good frames too.
    const seen = new Set(expected.flat().flatMap((a) => (a.causes.length === 0 ? ['good'] : a.causes)));
    for (const cause of [
      'good',
      'short',
      'long',
      'bytes',
      'timeout',
      ...(shape.trailer > 0 ? ['crc'] : []),
      ...(shape.ssi ? ['headless', 'error'] : []),
    ])
      expect(seen).toContain(cause);
  });

  it.each([
    ['a gap is looked for behind a wrong CRC', (t: string) => t.replace('&& !causes.test(CRC_WRONG)', '')],
    [
      'the idle time is a cycle longer',
      (t: string) => t.replace('++idle >= idle_limit', '++idle > idle_limit'),
    ],
    ['beats thrown away are forgotten', (t: string) => t.replace('dropped = saturated(dropped);', '')],
  ])('would find it if %s', async (_name, plant) => {
    const random = createRandom(9);
    const link = { crc: true };
    const shape = shapeOf(link, PIXEL_BEATS);
    const streams = Array.from({ length: 500 }, () => randomStream(shape, random));
    const expected = streams.map((beats) => answersTo(beats, shape));
    const { run, remove } = await receiver(link, (text) => {
      expect(plant(text)).not.toBe(text);
      return plant(text);
    });
    const counts = expected.map((answers) => answers.length);
    expect(run(streams, counts)).not.toEqual(expected);
    remove();
  });

  it('a lost frame between two broken ones, which had no answer once, has its own', async () => {
    const shape = shapeOf({}, PIXEL_BEATS);
    const random = createRandom(3);
    const [a, b, c] = [1n, 2n, 3n].map((n) => packet(shape, n, random));
    const unended = a!.map((beat) => ({ ...beat, last: false }));
    const answers = answersTo([...unended, ...b!, ...c!], shape);
    expect(answers.map((x) => [x.number, x.causes])).toEqual([
      [1n, ['long']],
      [2n, []],
      [3n, []],
    ]);
    const { run, remove } = await receiver({});
    expect(run([[...unended, ...b!, ...c!]], [3])).toEqual([answers]);
    remove();
  });
});

const bigints = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;
