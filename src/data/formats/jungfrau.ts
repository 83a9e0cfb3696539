/**
 * JUNGFRAU modules as the receiver wrote them: 512×1024 `uint16` little endian, without a header, in a `.bin` file.
 *
 * The two upper bits are the gain stage, the lower fourteen the ADC value. Raw words are given as they are; turning
 * them into photons needs pedestals and gains (calibrate-jungfrau.ts). Refuses files that are not whole modules.
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
      return decodePixels(await bytes.read(index * FRAME_BYTES, FRAME_BYTES), 'uint16', true);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}
