/** Text in pictures: the common 5×7 letters of character displays, on a grid of 6×9 pixels. */
import type { Picture } from './picture.js';

/** Printable ASCII from the space on; five columns of a letter, two hexadecimal digits each, lowest bit on top. */
const COLUMNS =
  '000000000000005f00000007000700147f147f14242a7f2a12231308646236495620500008070300001c2241000041221c00' +
  '2a1c7f1c2a08083e080800807030000808080808000060600020100804023e5149453e00427f400072494949462141494d33' +
  '1814127f1027454545393c4a49493141211109073649494936464949291e0000140000004034000000081422411414141414' +
  '004122140802015909063e415d594e7c1211127c7f494949363e414141227f4141413e7f494949417f090909013e41415173' +
  '7f0808087f00417f41002040413f017f081422417f404040407f021c027f7f0408107f3e4141413e7f090909063e4151215e' +
  '7f09192946264949493203017f01033f4040403f1f2040201f3f4038403f631408146303047804036159494d43007f414141' +
  '0204081020004141417f04020102044040404040000307080020545478407f284444383844444428384444287f3854545418' +
  '00087e090218a4a49c787f0804047800447d40002040403d007f1028440000417f40007c047804787c080404783844444438' +
  'fc1824241818242418fc7c08040408485454542404043f44243c4040207c1c2040201c3c4030403c44281028444c9090907c' +
  '4464544c440008364100000077000000413608000201020402';

/** Characters that have no ASCII letter and are wanted all the same. */
const OTHERS: Readonly<Record<string, string>> = { Å: '702a252a70', σ: '3844443c04', '≥': '4051514a44' };
const ALIKE: Readonly<Record<string, string>> = { '−': '-', '×': 'x', '–': '-', '’': "'" };

export const LETTER_WIDTH = 6;
export const LINE_HEIGHT = 10;

function columnsOf(character: string): string {
  const plain = ALIKE[character] ?? character;
  const code = plain.charCodeAt(0) - 32;
  return OTHERS[plain] ?? (code >= 0 && code < 95 ? COLUMNS.slice(10 * code, 10 * code + 10) : '7f4141417f');
}

/** Writes `text` with its upper left corner at (`y`, `x`); what leaves the picture is cut off. */
export function drawText(
  { rgb, height, width }: Picture,
  text: string,
  y: number,
  x: number,
  colour: readonly [number, number, number] = [0, 0, 0],
  scale = 1,
): void {
  [...text].forEach((character, place) => {
    const columns = columnsOf(character);
    for (let column = 0; column < 5 * scale; column++) {
      const at = Math.floor(column / scale);
      const bits = parseInt(columns.slice(2 * at, 2 * at + 2), 16);
      for (let row = 0; row < 8 * scale; row++) {
        const [py, px] = [y + row, x + place * LETTER_WIDTH * scale + column];
        if (((bits >> Math.floor(row / scale)) & 1) === 0) continue;
        if (py >= 0 && py < height && px >= 0 && px < width) rgb.set(colour, 3 * (py * width + px));
      }
    }
  });
}
