/**
 * Simulated frames at a wanted rate: `simulate://?rate=100&frames=1000&hits=0.05&seed=1`. What a newcomer tries first.
 *
 * `unique` frames are simulated first and come again and again under new numbers, so that the rate does not depend on
 * how fast frames can be simulated.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../../core/errors.js';
import { NO_RULE } from '../../data/pixels.js';
import { simulateFramesParallel } from '../../data/parallel.js';
import type { LiveSource } from '../source.js';

const DEFAULTS = { rate: 10, frames: Infinity, hits: 0.05, seed: 1, unique: 64 };
type Key = keyof typeof DEFAULTS;
const isKey = (name: string): name is Key => name in DEFAULTS;

function parse(query: string): Readonly<Record<Key, number>> {
  const values: Record<Key, number> = { ...DEFAULTS };
  for (const [name, text] of new URLSearchParams(query)) {
    const value = Number(text);
    if (!isKey(name) || text === '' || !(value >= 0))
      throw new UserError(`has '${name}=${text}'`, {
        field: '--from',
        file: 'simulate://',
        remedy: `use ${Object.keys(DEFAULTS).join(', ')} with numbers, as simulate://?rate=100&hits=0.05`,
      });
    values[name] = value;
  }
  return values;
}

/** Frames of `size` (rows, columns), the network's. Throws `UserError`. */
export async function openSimulated(
  query: string,
  [height, width]: readonly [number, number],
): Promise<LiveSource> {
  const { rate, frames, hits, seed, unique } = parse(query);
  const count = Math.max(1, Math.min(unique, frames));
  const simulated = simulateFramesParallel({ seed, count, height, width, hitFraction: hits });
  const pool: Uint16Array[] = [];
  try {
    for (let i = 0; i < count; i++) pool.push((await simulated.read(i)).pixels);
  } finally {
    await simulated.close();
  }
  const series = `simulate ${seed}`;
  const begun = performance.now();
  let [number, closed, ended, started] = [0, false, false, false];
  return {
    name: `simulate://${query}`,
    passable: false,
    async next() {
      const received = performance.now();
      if (!started) {
        started = true;
        const facts = {
          series,
          height,
          width,
          rule: NO_RULE,
          mask: null,
          counted: true,
          announced: frames === Infinity ? null : frames,
          experiment: {},
        };
        return { kind: 'start', raw: null, received, facts };
      }
      if (closed || ended) return 'closed';
      if (number >= frames) {
        ended = true;
        return { kind: 'end', raw: null, received, series };
      }
      const due = rate === 0 ? 0 : begun + (1000 * number) / rate - performance.now();
      await pause(Math.max(0, due));
      const pixels = pool[number % pool.length]!;
      const frame = { series, number: number++, image: { height, width, pixels } };
      return { kind: 'frame', raw: null, received: performance.now(), frame };
    },
    close() {
      closed = true;
      return Promise.resolve();
    },
  };
}
