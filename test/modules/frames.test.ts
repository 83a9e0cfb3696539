/** Pictures of modules as stacks, and what `--split` says. */
import { describe, expect, it } from 'vitest';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { squarestLayout, stackModules } from '../../src/data/stack-modules.js';
import { pictureSize, splitWish } from '../../src/run/modules-wish.js';

describe('a picture of 2 × 3 modules of 2 × 1', () => {
  const picture = Uint16Array.from({ length: 12 }, (_, i) => i);
  const source = stackModules(
    framesFromArrays({ name: 'picture', height: 4, width: 3, frames: [picture] }),
    [2, 3],
  );

  it('is their stack, the first row of modules first', async () => {
    expect([source.height, source.width]).toEqual([12, 1]);
    const { pixels } = await source.read(0);
    expect(Array.from(pixels)).toEqual([0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
  });
});

describe('--split', () => {
  it.each([
    ['modules=8', { count: 8, layout: null, cut: null }],
    ['modules=4x2', { count: 8, layout: [4, 2], cut: null }],
  ])('%s is understood', (text, wish) => {
    expect(splitWish(text, null)).toEqual(wish);
  });

  it('keeps what the recipe says where it says no number', () => {
    const stated = { count: 3, layout: null, cut: ['average1'] };
    expect(splitWish('modules', stated)).toEqual(stated);
    expect(() => splitWish('modules', null)).toThrow('the recipe says nothing of modules');
  });

  it.each(['layers', 'modules=', 'modules=1', 'modules=0x4', 'modules=2x2x2'])('refuses %s', (text) => {
    expect(() => splitWish(text, null)).toThrow('--split');
  });

  it('refuses rows that modules do not share', () => {
    expect(() => pictureSize({ count: 3, layout: null, cut: null }, [128, 64])).toThrow(
      'frames of 128 rows are not 3 modules of one height',
    );
  });

  it('takes modules to lie as squarely as they can', () => {
    expect(squarestLayout(16, [512, 128])).toEqual([2, 8]);
    expect(squarestLayout(8, [512, 1024])).toEqual([4, 2]);
  });
});
