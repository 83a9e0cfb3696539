import { describe, expect, it } from 'vitest';
import type { UnprovenNode } from '../../src/ir/build.js';
import { nodeId } from '../../src/ir/common.js';
import { computed, FRAME, pointwise } from './computed.js';
import { counts, integers } from './small-graphs.js';

const id = nodeId('x');
const inputs = [nodeId('clamp')];

describe('preprocessing, worked out by hand', () => {
  it('crops from the offset', () => {
    const crop: UnprovenNode = { id, kind: 'crop', inputs, offset: [1, 2], size: [2, 2], format: counts(7) };
    expect(computed([3, 4], [crop], FRAME)).toEqual([7, 8, 11, 12]);
  });

  it('masks to 0', () => {
    const live = Uint8Array.from([1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect(computed([3, 4], [{ id, kind: 'mask', inputs, live, format: counts(7) }], FRAME)).toEqual([
      1, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0,
    ]);
  });

  it('bins by maximum and by sum', () => {
    const bin = { id, kind: 'bin', inputs, factor: [1, 2] } as const;
    expect(computed([3, 4], [{ ...bin, mode: 'max', format: counts(7) }], FRAME)).toEqual([
      2, 4, 6, 8, 10, 12,
    ]);
    expect(computed([3, 4], [{ ...bin, mode: 'sum', format: counts(8) }], FRAME)).toEqual([
      3, 7, 11, 15, 19, 23,
    ]);
    const tall = { ...bin, factor: [3, 1] } as const;
    expect(computed([3, 4], [{ ...tall, mode: 'sum', format: counts(9) }], FRAME)).toEqual([15, 18, 21, 24]);
  });

  it('bins to the second brightest, which of two that are equally bright is one of them', () => {
    const second = { id, kind: 'bin', mode: 'second', inputs } as const;
    expect(computed([3, 4], [{ ...second, factor: [1, 2], format: counts(7) }], FRAME)).toEqual([
      1, 3, 5, 7, 9, 11,
    ]);
    const blocks = [9, 0, 5, 5, 0, 0, 5, 3, 2, 90, 1, 2];
    expect(computed([3, 4], [{ ...second, factor: [3, 2], format: counts(7) }], blocks)).toEqual([9, 5]);
  });

  describe('contrast', () => {
    const above = (distance: number): UnprovenNode => ({
      id,
      kind: 'contrast',
      inputs,
      distance,
      format: counts(7),
    });
    const image = (rows: readonly string[]): number[] => rows.join(' ').split(' ').map(Number);

    it('takes of opposite neighbours the darker, of the four pairs the brightest', () => {
      const frame = image(['1 2 7', '4 50 6', '3 8 9']);
      // Pairs of the centre: 4 and 6, 2 and 8, 1 and 9, 7 and 3.
      expect(computed([3, 3], [above(1)], frame)[4]).toBe(46);
      // At an edge only the pair along it lies inside: 1 and 7; in a corner there is none.
      expect(computed([3, 3], [above(1)], frame).slice(0, 2)).toEqual([1, 1]);
    });

    it('is 0 where nothing stands out, and never less', () => {
      expect(computed([3, 3], [above(1)], image(['9 9 9', '9 9 9', '9 9 9']))[4]).toBe(0);
      expect(computed([3, 3], [above(1)], image(['9 9 9', '9 2 9', '9 9 9']))[4]).toBe(0);
    });

    it('looks as far as its distance', () => {
      const row = [3, 90, 40, 90, 5];
      expect(computed([1, 5], [above(1)], row)[2]).toBe(0);
      expect(computed([1, 5], [above(2)], row)[2]).toBe(37);
    });

    it('does not see an offset away from the edges', () => {
      const frame = [...FRAME.slice(0, 5), 40, ...FRAME.slice(6)];
      const offset = frame.map((v) => v + 30);
      const inner = [5, 6];
      const seen = (f: readonly number[]): number[] => inner.map((i) => computed([3, 4], [above(1)], f)[i]!);
      expect(seen(frame)).toEqual([35, 0]);
      expect(seen(offset)).toEqual(seen(frame));
    });
  });

  it('limits counts on both sides', () => {
    const clamp: UnprovenNode = { id, kind: 'clamp', inputs, min: 3, max: 9, format: counts(4) };
    expect(computed([3, 4], [clamp], FRAME)).toEqual([3, 3, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9]);
  });

  it('looks tables up from their first entry', () => {
    const narrow: UnprovenNode = {
      id: nodeId('narrow'),
      kind: 'clamp',
      inputs,
      min: 3,
      max: 6,
      format: counts(3),
    };
    const lut = {
      id,
      kind: 'lut',
      inputs: [nodeId('narrow')],
      first: 3,
      table: Int32Array.from([-7, 40, 2, 9]),
      format: integers(8),
    } as const;
    expect(computed([3, 4], [narrow, lut], FRAME)).toEqual([-7, -7, -7, 40, 2, 9, 9, 9, 9, 9, 9, 9]);
    const same: UnprovenNode = { ...lut, id: nodeId('same'), table: new Int32Array(4).fill(8) };
    const one: UnprovenNode = { ...lut, inputs: [nodeId('same')], first: 8, table: Int32Array.of(-5) };
    expect(computed([3, 4], [narrow, same, one], FRAME)).toEqual(FRAME.map(() => -5));
  });

  it('crops and bins each of several channels', () => {
    // A pixel p becomes p and 100 - 5p.
    const spread: UnprovenNode = pointwise('spread', [1, -5], [0, 100], counts(7), { kind: 'relu' });
    const from = [nodeId('spread')];
    const crop: UnprovenNode = {
      id,
      kind: 'crop',
      inputs: from,
      offset: [1, 1],
      size: [2, 2],
      format: counts(7),
    };
    expect(computed([3, 4], [spread, crop], FRAME)).toEqual([6, 70, 7, 65, 10, 50, 11, 45]);
    const bin = { id, kind: 'bin', inputs: from, factor: [3, 2] } as const;
    expect(computed([3, 4], [spread, { ...bin, mode: 'second', format: counts(7) }], FRAME)).toEqual([
      9, 90, 11, 80,
    ]);
    const contrast: UnprovenNode = { id, kind: 'contrast', inputs: from, distance: 1, format: counts(7) };
    // As p, and as 100 - 5p where that is above 0: 100 75 100 100, 0 100 100 25, 100 100 0 100.
    const spots = [0, 5, 0, 0, 90, 0, 0, 15, 0, 0, 20, 0];
    const other = [100, 0, 25, 100, 0, 0, 0, 0, 100, 100, 0, 100];
    expect(computed([3, 4], [spread, contrast], spots)).toEqual(spots.flatMap((p, i) => [p, other[i]!]));
    expect(computed([3, 4], [spread, { ...bin, mode: 'max', format: counts(7) }], FRAME)).toEqual([
      10, 95, 12, 85,
    ]);
    expect(computed([3, 4], [spread, { ...bin, mode: 'sum', format: counts(10) }], FRAME)).toEqual([
      33,
      600 - 5 * 33,
      45,
      600 - 5 * 45,
    ]);
  });
});
