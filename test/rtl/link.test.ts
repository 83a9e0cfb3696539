/** The random beat streams of the HLS receiver through the RTL's, against the same model. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headerBeats, trailerBeats, DEFAULT_LINK, type Link } from '../../src/backends/dataflow/link.js';
import { createRandom } from '../../src/core/random.js';
import { answersTo, type Answer, type Beat } from '../hls/link-model.js';
import type { HlsFault } from '../mutation/plant.js';
import { LINK_FAULTS } from './bench-faults.js';
import { templateModules } from './planted.js';
import { asked, parsed, PIXEL_BEATS, randomStream, shapeOf } from '../hls/link-streams.js';

const MODULES = ['receive', 'place', 'status', 'packet_crc', 'crc32'] as const;
const PIXELS = 2;

/** vetoc_receive for frames of a few beats, compiled with the faults of which `run` may name one. */
function receiver(link: Partial<Link>, faults: readonly HlsFault[] = []) {
  const whole: Link = { ...DEFAULT_LINK, ...link };
  const { folder, sources } = templateModules(MODULES, 'receive', faults);
  const parameters = {
    PIXELS,
    HEADER: headerBeats(whole, PIXELS),
    BEATS: PIXEL_BEATS,
    TRAILER: trailerBeats(whole, PIXELS),
    SSI: Number(whole.framing === 'ssi'),
  };
  const options = [
    ...['--cc', '--exe', '--build', '-O3', '--x-initial', 'unique', '--top-module', 'vetoc_receive'],
    ...Object.entries(parameters).map(
      ([name, value]) => `-G${name}=${name === 'SSI' ? `1'b${value}` : value}`,
    ),
    ...['-CFLAGS', '-O1', '--Mdir', join(folder, 'build'), '-o', 'streams'],
  ];
  const built = spawnSync(
    'verilator',
    [...options, ...sources, join(import.meta.dirname, 'streams/streams.cpp')],
    { encoding: 'utf8' },
  );
  if (built.status !== 0) throw new Error(built.stderr);
  const run = (
    streams: readonly (readonly Beat[])[],
    counts: readonly number[],
    fault: number,
  ): Answer[][] => {
    writeFileSync(join(folder, 'fault'), String(fault));
    const result = spawnSync(join(folder, 'build', 'streams'), [], {
      cwd: folder,
      input: asked(streams, counts),
      maxBuffer: 1 << 28,
    });
    // One that stands still has no answers.
    if (result.status !== 0 && fault > 0) return [];
    if (result.status !== 0) throw new Error(`the receiver ended with ${String(result.status)}`);
    return parsed(new Int32Array(Uint8Array.from(result.stdout).buffer), counts);
  };
  return {
    run,
    remove: (): void => {
      rmSync(folder, { recursive: true });
    },
  };
}

interface Answered {
  readonly s: number;
  readonly a: number;
  readonly answer: Answer;
  readonly found: Answer | undefined;
}

/** What `count` random streams have of wrong answers, with one of `faults` after the other; the first is number 1, 0 none. */
function* differences(
  link: Partial<Link>,
  count: number,
  faults: readonly HlsFault[] = [],
): Generator<readonly Answered[]> {
  const random = createRandom(count);
  const shape = shapeOf(link, PIXEL_BEATS);
  const streams = Array.from({ length: count }, () => randomStream(shape, random));
  const expected = streams.map((beats) => answersTo(beats, shape));
  const counts = expected.map((answers) => answers.length);
  const { run, remove } = receiver(link, faults);
  const text = (answer: Answer | undefined): string =>
    JSON.stringify(answer, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  for (let fault = 0; fault <= faults.length; fault++) {
    const found = run(streams, counts, fault);
    yield expected.flatMap((answers, s) =>
      answers.flatMap((answer, a) =>
        text(answer) === text(found[s]?.[a]) ? [] : [{ s, a, answer, found: found[s]?.[a] }],
      ),
    );
  }
  remove();
}

describe('ten thousand random streams through the RTL', () => {
  it.each([
    ['with TUSER and a CRC', { crc: true }, 4000],
    ['with TUSER alone', {}, 3000],
    ['without TUSER', { framing: 'tlast', crc: true }, 2000],
    ['without a header', { header: false }, 1000],
  ] as const)('%s: no answer is wrong, misnumbered or missing', (_name, link, count) => {
    expect([...differences(link, count)].map((all) => all.slice(0, 3))).toEqual([[]]);
  });

  it('would find every planted fault', () => {
    const [none, ...found] = differences({ crc: true }, 400, LINK_FAULTS);
    expect(none).toEqual([]);
    expect(LINK_FAULTS.filter((_, i) => found[i]!.length === 0).map((f) => f.name)).toEqual([]);
  }, 300_000);
});
