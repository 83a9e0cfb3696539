/**
 * JUNGFRAU modules as the receiver wrote them: 512×1024 `uint16` little endian, without a header, in a `.bin` file.
 *
 * The two upper bits are the gain stage, the lower fourteen the ADC value. Raw words are given as they are; turning
 * them into photons needs pedestals and gains (calibrate-jungfrau.ts). Refuses files that are not whole modules, and words that
 * are none.
 */
import { UserError } from '../../core/errors.js';
import { NO_RULE } from '../pixels.js';
import { decodePixels, openBytes } from './bytes.js';
import {
  checkFrameIndex,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';

const MODULE = { height: 512, width: 1024 } as const;
const FRAME_BYTES = MODULE.height * MODULE.width * 2;

export const jungfrauFormat: FrameFormat = {
  name: 'JUNGFRAU',
  singleFrame: false,
  matches: (_head, name) => name.endsWith('.bin'),
  open: openJungfrau,
};

/** Pedestals, gains and photons stand in `.bin` files too: read as words, an eighth or more has the gain bits 10. */
const MAX_FORBIDDEN_SHARE = 0.02;

/** Refuses words that no JUNGFRAU writes: the gain bits 10 occur in broken pixels only. */
function checkWords(file: string, words: Uint16Array): void {
  const forbidden = words.reduce((sum, word) => sum + (word >>> 14 === 2 ? 1 : 0), 0);
  if (forbidden <= MAX_FORBIDDEN_SHARE * words.length) return;
  const share = ((100 * forbidden) / words.length).toFixed(0);
  throw new UserError(`holds no raw JUNGFRAU words: ${share} % have the gain bits 10, which do not occur`, {
    file,
    remedy: 'give the uint16 words of the receiver, not pedestals, gains or photons',
  });
}

async function openJungfrau(request: OpenRequest): Promise<RawSource> {
  const { file } = request;
  const bytes = await openBytes(file, request.path);
  if (bytes.size % FRAME_BYTES !== 0) {
    throw new UserError(`has ${bytes.size} bytes, not a multiple of a module's ${FRAME_BYTES}`, {
      file,
      remedy: 'give raw uint16 modules of 512×1024',
    });
  }
  const count = bytes.size / FRAME_BYTES;
  const readWords = async (index: number): Promise<Uint16Array> =>
    decodePixels(await bytes.read(index * FRAME_BYTES, FRAME_BYTES), 'uint16', true) as Uint16Array;
  checkWords(file, await readWords(0));
  return {
    file,
    format: 'JUNGFRAU raw',
    dataset: null,
    count,
    frameShape: [MODULE.height, MODULE.width],
    pixelType: 'uint16',
    storage: 'uncompressed, 2 gain bits and 14 ADC bits',
    rule: NO_RULE,
    details: {},
    annotations: NO_ANNOTATIONS,
    async readRaw(index) {
      checkFrameIndex(file, index, count);
      return readWords(index);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}
