import { describe, expect, it } from 'vitest';
import { drawText } from '../../src/draw/lettering.js';
import { blank, breakLine, plate } from '../../src/draw/plate.js';
import { mapColour } from '../../src/draw/picture.js';

describe('lettering', () => {
  /** The picture as lines of # and spaces. */
  const draw = (text: string): string[] => {
    const picture = blank(8, 6 * text.length);
    drawText(picture, text, 0, 0);
    return Array.from(
      { length: 7 },
      (_, y) =>
      Array.from({ length: 6 * text.length }, (_, x) => (picture.rgb[3 * (y * picture.width + x)] === 0 ? '#' : ' ')).join('').trimEnd(), // prettier-ignore
    );
  };

  it('writes letters that can be read', () => {
    expect(draw('T5')).toEqual([
      '##### #####',
      '# # # #',
      '  #   ####',
      '  #       #',
      '  #       #',
      '  #   #   #',
      '  #    ###',
    ]);
    expect(draw('−')).toEqual(draw('-'));
  });

  it('cuts off what leaves the picture', () => {
    const picture = blank(4, 4);
    expect(() => {
      drawText(picture, 'MMM', -2, -3);
    }).not.toThrow();
    expect(picture.rgb).toHaveLength(48);
  });
});

describe('a plate', () => {
  it('has its text above, its colours at the right from low to high, and its scale below', () => {
    const picture = { height: 50, width: 60, rgb: new Uint8Array(3 * 50 * 60).fill(77) };
    const whole = plate(picture, {
      lines: ['a b'],
      bar: { low: '0', high: '9', name: 'b' },
      pixelsPerPixel: 2,
    });
    const at = (y: number, x: number): number[] => [
      ...whole.rgb.subarray(3 * (y * whole.width + x), 3 * (y * whole.width + x) + 3),
    ];
    const top = 8 + 10 + 4;
    expect(at(top, 8)).toEqual([77, 77, 77]);
    expect(at(top, 8 + 60 + 8)).toEqual([...mapColour(1)]);
    expect(at(top + 49, 8 + 60 + 8)).toEqual([...mapColour(0)]);
    // 60 picture pixels are 30 of the frame: a scale of 5 px is 10 picture pixels long.
    expect(at(top + 50 + 5, 8 + 9)).toEqual([30, 34, 40]);
    expect(at(top + 50 + 5, 8 + 10)).toEqual([255, 255, 255]);
  });

  it('breaks lines at words', () => {
    expect(breakLine('one two three', 8)).toEqual(['one two', 'three']);
    expect(breakLine('longerthanthat is', 5)).toEqual(['longerthanthat', 'is']);
  });
});
