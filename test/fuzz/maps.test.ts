/** The maps that fuzzed frames of raw words come with are what they promise: of the format, all over it, the same again. */
import { describe, expect, it } from 'vitest';
import { RAW_DETECTORS } from '../../src/data/raw/detectors.js';
import { format, maxMantissa, minMantissa } from '../../src/fixed/format.js';
import { mapsNodes } from '../../src/ir/frame-maps.js';
import { fromWords } from '../../src/passes/from-words.js';
import { smallGraph } from '../ir/small-graphs.js';
import { fuzzMaps } from './maps.js';

const FORMATS = { pedestal: format(false, 19, 14), factor: format(true, 17, 4) };

describe.each(['jungfrau', 'agipd'] as const)('maps for words of %s', (name) => {
  const graph = fromWords(smallGraph([20, 19], 1000, []), RAW_DETECTORS[name], FORMATS);
  const frames = fuzzMaps(graph, 3);

  it('are the same for the same graph, however many are asked for, and others from frame to frame', () => {
    expect(fuzzMaps(graph, 3)).toEqual(frames);
    expect(fuzzMaps(graph, 2)).toEqual(frames.slice(0, 2));
    expect(frames[1]).not.toEqual(frames[0]);
  });

  it.each(mapsNodes(graph))('of $id are within its format, at its ends, at 0 and all over it', (node) => {
    const values = frames.flatMap((maps) => [...maps.get(node.id)!]);
    const [low, high] = [minMantissa(node.format), maxMantissa(node.format)];
    expect(values).toHaveLength(3 * 20 * 19 * node.channels);
    expect(Math.min(...values)).toBe(low);
    expect(Math.max(...values)).toBe(high);
    expect(values).toContain(0);
    const sixteenth = (high - low + 1) / 16;
    expect(new Set(values.map((value) => Math.floor((value - low) / sixteenth))).size).toBe(16);
  });
});
