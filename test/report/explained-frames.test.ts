import { describe, expect, it } from 'vitest';
import { explainedSection } from '../../src/report/explained-frames.js';

const frame = {
  ...{
    index: 7,
    truth: 'Good',
    keep: false,
    score: -3,
    threshold: 12,
    agreement: 0.25,
    withoutImages: false,
  },
  png: Uint8Array.of(1, 2, 3),
};
const caption = (more: object): string =>
  /<figcaption>(.*)<\/figcaption>/s.exec(explainedSection([{ ...frame, ...more }]).html)![1]!;

describe('the caption of an explained frame', () => {
  it('says the decision in levels, the label, and whether both networks look at the same', () => {
    expect(caption({})).toBe(
      'vetoed: frame 7 (Good), score -3, threshold 12 levels; float and fixed maps differ (rank correlation 0.25)',
    );
    expect(caption({ keep: true, score: 12, agreement: 0.95 })).toMatch(/^kept: .* maps agree .*0\.95\)$/);
  });

  it('says where a network without images is explained otherwise', () => {
    expect(caption({ withoutImages: true })).toMatch(
      /; gradient times input, as the network has no image layer$/,
    );
  });
});

describe('the section of explained frames', () => {
  it('says what the maps are: of a network without images no Grad-CAM', () => {
    const words = (more: object): string => explainedSection([{ ...frame, ...more }]).html.split('</p>')[0]!;
    expect(words({})).toMatch(/Grad-CAM of the decision taken, on/);
    expect(words({ withoutImages: true })).toMatch(
      /Gradient times input of the decision taken, as there is no/,
    );
  });
});
