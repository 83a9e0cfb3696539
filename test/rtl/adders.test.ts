/** Kernels of constants as adder graphs, held to what alkaid makes of the same weights and bits. */
import { describe, expect, it } from 'vitest';
import { adderRecords, cheapestPoint, nameOf, ownAdders, TEN_LAYERS, tenLayers } from './adder-layers.js';

/** Too large to be searched here: `npm run bench:adders` says it of them, too. */
const LARGE = ['veto conv1'];
const layers = await tenLayers(LARGE);

describe('ten layers as adder graphs', () => {
  it('are recorded for alkaid, one for each weight that is asked about', () => {
    const names = Object.entries(TEN_LAYERS).flatMap(([network, own]) => own.map((l) => `${network} ${l}`));
    expect(names.length).toBe(10);
    expect(Object.keys(adderRecords()).sort()).toEqual(names.sort());
    expect(layers.map(nameOf).sort()).toEqual(names.filter((n) => !LARGE.includes(n)).sort());
  });

  it.each(layers.map((layer) => [nameOf(layer), layer] as const))(
    'take no more look-up tables and no more cycles than any of its settings: %s',
    (name, layer) => {
      const record = adderRecords()[name]!;
      // The figures are of these very weights and bits.
      expect(record.weights).toBe(layer.hash);
      expect(record.alkaid.version).toBe('0.8.2');
      const { tables, levels } = ownAdders(layer);
      expect(tables).toBeLessThanOrEqual(cheapestPoint(record).lut);
      expect(levels).toBeLessThanOrEqual(Math.min(...record.alkaid.points.map((p) => p.levels)));
      // The account that the search goes by is near what Yosys counts.
      expect(Math.abs(tables / record.own.lut - 1)).toBeLessThan(0.1);
    },
  );
});
