/** From raw pixels to the network's input. */
import { contrastWindow } from '../../../ir/ops/contrast.js';
import { constant, copiedTable, romType, table1, typedef } from '../cpp.js';
import { wordsPerFrame, type StageOf } from '../../dataflow/plan.js';
import { wordsCrc } from '../part-words.js';
import { maskWords } from './mask-words.js';
import {
  code,
  input,
  ioTypes,
  lanesAndWords,
  output,
  pixels,
  windowMembers,
  type Renderer,
  type StageCode,
  crcMember,
  memoryStream,
  type Context,
} from './common.js';

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

const hex32 = (v: number): string => `0x${v.toString(16).padStart(8, '0')}`;

export const mask: Renderer<'mask'> = (stage, { plan }) => {
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
      crcMember(wordsCrc(words)),
    ],
    tables: [
      `// One bit a pixel in stream order, 1 for a live one.\n${table1(romType(false, 32), name, words, { format: hex32 })}`,
    ],
    arguments: [name, memoryStream(plan, stage)],
    memories: [{ name, bits: 32, banks: 1 }],
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
function looked(stage: StageOf<'lut' | 'table'>, text: string, { plan }: Context): StageCode {
  const name = `${stage.name}_table`;
  const entry = romType(stage.node.format.signed, stage.node.format.width);
  const { lanes } = input(stage);
  const values = Array.from(stage.node.table, (v) => v >>> 0);
  const words = Array.from({ length: lanes }, () => values).flat();
  return code(stage, {
    header: 'lut',
    text,
    members: [
      ...ioTypes(stage),
      typedef('entry_t', entry),
      constant('FIRST', stage.node.first, 'the value that table[0] is for'),
      constant('ENTRIES', stage.node.table.length),
      crcMember(wordsCrc(words)),
      ...lanesAndWords(input(stage)),
    ],
    tables: [copiedTable(entry, name, stage.node.table, lanes)],
    arguments: [name, memoryStream(plan, stage)],
    memories: [{ name, bits: stage.node.format.width, banks: 1 }],
  });
}

export const lut: Renderer<'lut'> = (stage, context) => looked(stage, 'lookup table', context);

export const table: Renderer<'table'> = (stage, context) =>
  looked(stage, `table of ${stage.node.of.kind}`, context);
