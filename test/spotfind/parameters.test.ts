import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { parameterNames, parseSpotParameters, SPOT_ALGORITHMS } from '../../src/spotfind/parameters.js';
import { PEAKFINDER8_DEFAULTS } from '../../src/spotfind/peakfinder8.js';

describe('parameters of the spot finders', () => {
  it.each([
    [
      'OM',
      ['adc_threshold=250', 'minimum_snr=5', 'min_pixel_count=3', 'max_pixel_count=40', 'local_bg_radius=3'],
    ],
    ['CrystFEL', ['threshold=250', 'min-snr=5', 'min-pix-count=3', 'max-pix-count=40', 'local-bg-radius=3']],
    [
      'Cheetah, whose limits on pixels count the seed twice',
      [
        'hitfinderADC=250',
        'hitfinderMinSNR=5',
        'hitfinderMinPixCount=4',
        'hitfinderMaxPixCount=41',
        'hitfinderLocalBGRadius=3',
      ],
    ],
  ])('reads peakfinder8 under the names of %s', (_, texts) => {
    expect(parseSpotParameters('peakfinder8', texts).parameters).toEqual({
      ...PEAKFINDER8_DEFAULTS,
      adcThreshold: 250,
      minSnr: 5,
      minPixelCount: 3,
      maxPixelCount: 40,
      localBgRadius: 3,
    });
  });

  it('reads DIALS names with and without their PHIL scope', () => {
    const settings = parseSpotParameters('dispersion-extended', [
      'spotfinder.threshold.dispersion.sigma_strong=4',
      'kernel_size=4,3',
      'spotfinder.filter.min_spot_size=6',
      'd_min = 2.5',
      'spotfinder.filter.ice_rings.filter=True',
    ]);
    expect(settings.parameters).toMatchObject({ sigmaStrong: 4, kernelSize: [4, 3], minSpotSize: 6 });
    expect(settings.limits).toMatchObject({ dMin: 2.5, dMax: null, iceRingWidth: 0.002 });
  });

  it('leaves ice rings alone until asked', () => {
    expect(parseSpotParameters('dispersion', ['ice_rings.width=0.01']).limits.iceRingWidth).toBeNull();
  });

  it.each([
    [
      'a name of the other family',
      'peakfinder8',
      ['sigma_strong=3'],
      'sigma_strong: is no parameter of peakfinder8',
    ],
    [
      'two names for one thing',
      'peakfinder8',
      ['threshold=1', 'hitfinderADC=2'],
      'threshold and hitfinderADC',
    ],
    ['a fraction of a pixel', 'peakfinder8', ['min_pixel_count=2.5'], 'a whole number from 1'],
    ['text for a number', 'dispersion', ['gain=high'], "'high' is not allowed"],
    ['an empty value', 'dispersion', ['gain='], 'is no parameter'],
    ['a kernel of no size', 'dispersion', ['kernel_size=0,3'], 'is no kernel'],
    ['neither true nor false', 'dispersion', ['ice_rings.filter=maybe'], 'neither true nor false'],
  ] as const)('refuses %s in words', (_, algorithm, texts, words) => {
    expect(() => parseSpotParameters(algorithm, texts)).toThrow(UserError);
    expect(() => parseSpotParameters(algorithm, texts)).toThrow(words);
  });

  it('accepts every name that its help lists', () => {
    for (const algorithm of SPOT_ALGORITHMS)
      for (const name of parameterNames(algorithm)) {
        const value = name.endsWith('filter')
          ? 'true'
          : name.includes('fraction') || name.includes('width')
            ? 0.5
            : 3;
        expect(() => parseSpotParameters(algorithm, [`${name}=${value}`])).not.toThrow();
      }
  });
});
