/** From beats to the network's input, and from logits to the decision. */
import { minMantissa } from '../../../fixed/format.js';
import type { Shape } from '../../../ir/common.js';
import { contrastWindow } from '../../../ir/ops/contrast.js';
import { constant, romType, table1, typedef } from '../cpp.js';
import { wordsPerFrame, type StageOf } from '../../dataflow/plan.js';
import {
  code,
  input,
  ioTypes,
  lanesAndWords,
  output,
  pixels,
  reloadStreams,
  valueType,
  windowMembers,
  type Renderer,
  type StageCode,
} from './common.js';

export const receive: Renderer<'receive'> = (stage) =>
  code(stage, {
    header: 'receive',
    text: `raw frames over AXI4-Stream, 16 bits a pixel`,
    members: [
      constant('PIXELS', output(stage).lanes, '16-bit pixels in a beat'),
      constant('BEATS', wordsPerFrame(output(stage)), 'beats a frame'),
    ],
  });

export const crop: Renderer<'crop'> = (stage) =>
  code(stage, {
    header: 'crop',
    text: 'crop',
    members: [
      ...ioTypes(stage),
      constant('IN_HEIGHT', input(stage).shape[0]),
      constant('IN_WIDTH', input(stage).shape[1]),
      constant('TOP', stage.node.offset[0]),
      constant('LEFT', stage.node.offset[1]),
      constant('OUT_HEIGHT', output(stage).shape[0]),
      constant('OUT_WIDTH', output(stage).shape[1]),
      constant('PIXELS', pixels(input(stage)), 'pixels a word'),
    ],
  });

/** Bits of a mask in stream order, 32 to a word; rows padded to whole words of `lanes` with zeros. */
export function maskWords(live: Uint8Array, [height, width]: Shape, lanes: number): number[] {
  const row = Math.ceil(width / lanes) * lanes;
  const words = new Array<number>(Math.ceil((height * row) / 32)).fill(0);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (live[y * width + x] === 1) {
        const bit = y * row + x;
        const i = Math.floor(bit / 32);
        words[i] = (words[i]! | (1 << (bit % 32))) >>> 0;
      }
  return words;
}

const hex32 = (v: number): string => `0x${v.toString(16).padStart(8, '0')}`;

export const mask: Renderer<'mask'> = (stage) => {
  const words = maskWords(stage.node.live, input(stage).shape, input(stage).lanes);
  const name = `${stage.name}_live`;
  return code(stage, {
    header: 'mask',
    text: `mask, ${stage.node.live.reduce((n, bit) => n + 1 - bit, 0)} dead pixels`,
    members: [
      ...ioTypes(stage),
      constant('PIXELS', pixels(input(stage)), 'pixels a word'),
      constant('WORDS', wordsPerFrame(input(stage)), 'words a frame'),
      constant('MASK_WORDS', words.length),
    ],
    tables: [
      `// One bit a pixel in stream order, 1 for a live one.\n${table1(romType(false, 32), name, words, { format: hex32 })}`,
    ],
    arguments: [name],
  });
};

export const bin: Renderer<'bin'> = (stage) =>
  code(stage, {
    header: 'bin',
    text: `${stage.node.mode} of ${stage.node.factor.join(' x ')} pixels`,
    members: [
      ...ioTypes(stage),
      typedef('mode', `vetoc::bin_${stage.node.mode}`),
      constant('FACTOR_Y', stage.node.factor[0]),
      constant('FACTOR_X', stage.node.factor[1]),
      constant('OUT_HEIGHT', output(stage).shape[0]),
      constant('OUT_WIDTH', output(stage).shape[1]),
      constant('PIXELS', pixels(input(stage)), 'pixels a word, in'),
      constant('OUT_PIXELS', pixels(output(stage)), 'pixels a word, out'),
    ],
  });

export const contrast: Renderer<'contrast'> = (stage, { windowDepth }) =>
  code(stage, {
    header: 'contrast',
    text: `above the surroundings, ${stage.node.distance} away`,
    members: [
      ...ioTypes(stage),
      ...windowMembers(contrastWindow(stage.node), input(stage), output(stage), windowDepth),
      constant('DISTANCE', stage.node.distance, 'pixels to each neighbour'),
      constant('WORDS', wordsPerFrame(output(stage)), 'words a frame, out'),
    ],
  });

export const clamp: Renderer<'clamp'> = (stage) =>
  code(stage, {
    header: 'clamp',
    text: 'clamp',
    members: [
      ...ioTypes(stage),
      constant('MIN', stage.node.min),
      constant('MAX', stage.node.max),
      ...lanesAndWords(input(stage)),
    ],
  });

/** A ROM of one entry for each value of the input. */
function looked(stage: StageOf<'lut' | 'table'>, text: string): StageCode {
  const name = `${stage.name}_table`;
  const entry = romType(stage.node.format.signed, stage.node.format.width);
  return code(stage, {
    header: 'lut',
    text,
    members: [
      ...ioTypes(stage),
      typedef('entry_t', entry),
      constant('FIRST', stage.node.first, 'the value that table[0] is for'),
      constant('ENTRIES', stage.node.table.length),
      ...lanesAndWords(input(stage)),
    ],
    tables: [table1(entry, name, stage.node.table)],
    arguments: [name],
  });
}

export const lut: Renderer<'lut'> = (stage) => looked(stage, 'lookup table');

export const table: Renderer<'table'> = (stage) => looked(stage, `table of ${stage.node.of.kind}`);

export const decide: Renderer<'decide'> = (stage, { graph, plan }) => {
  const logits = input(stage);
  const name = `${stage.name}_hit`;
  const hits = graph.hitClasses.map(Number);
  const reloaded = graph.reloadable ? reloadStreams(plan, stage) : [];
  return code(stage, {
    header: 'decide',
    ...(graph.reloadable ? { function: 'decide_reloadable' } : {}),
    text: 'score and decision',
    members: [
      valueType('logit_t', logits.format),
      constant('CLASSES', graph.classNames.length),
      constant('LANES', logits.lanes),
      constant('LOWEST', minMantissa(logits.format), 'no logit is less'),
      constant('THRESHOLD', graph.threshold, 'in least significant bits of the logits'),
    ],
    tables: [
      `// Which classes are hits.\n${table1('bool', name, hits, { format: (v) => (v === 1 ? 'true' : 'false') })}`,
    ],
    arguments: [...reloaded, name],
  });
};
