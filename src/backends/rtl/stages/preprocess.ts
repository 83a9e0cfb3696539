/** Preprocessing as hardware: from raw words to the network’s input, and tables of activations. */
import { contrastWindow } from '../../../ir/ops/contrast.js';
import { maskWords } from '../../hls/stages/mask-words.js';
import { binEvents, cropEvents } from '../../dataflow/events.js';
import { wordsPerFrame, type StageOf } from '../../dataflow/plan.js';
import { DEPTH, PASS } from '../depths.js';
import { wordsCrc } from '../../hls/part-words.js';
import { romModule, romPorts, watched, type Rom } from '../memory.js';
import { addressBits, packedDigits } from '../sv.js';
import {
  asks,
  CLOCK,
  gives,
  input,
  makes,
  output,
  reads,
  takesWords,
  wordWires,
  type Builder,
  type Context,
  type Hardware,
} from './common.js';
import { walkEvents, windowBits, windowInstance, ZERO } from './window.js';

export const crop: Builder<'crop'> = (stage, context) => {
  const [from, to] = [input(stage), output(stage)];
  const [top, left] = stage.node.offset;
  const inWords = Math.ceil(from.shape[1] / from.lanes);
  const outWords = Math.ceil(to.shape[1] / to.lanes);
  const shift = left % from.lanes;
  const start = Math.floor(left / from.lanes) + (shift > 0 ? 1 : 0);
  return {
    instances: [
      {
        module: 'vetoc_crop',
        name: `${stage.name}_crop`,
        parameters: {
          W: from.format.width,
          PIXELS: from.lanes,
          IN_HEIGHT: from.shape[0],
          IN_WORDS: inWords,
          TOP: top,
          START: start,
          SHIFT: shift,
          OUT_HEIGHT: to.shape[0],
          OUT_WORDS: outWords,
          STEPS: Math.max(inWords, start + outWords),
        },
        ports: { ...CLOCK, ...reads(from.name), ...asks(to.name, context), ...makes(to.name) },
      },
    ],
    processes: [
      {
        name: stage.name,
        inputs: [from.name],
        outputs: [{ stream: to.name, depth: DEPTH.crop }],
        events: cropEvents(stage),
      },
    ],
  };
};

export const mask: Builder<'mask'> = (stage, { top }) => {
  const [from, to] = [input(stage), output(stage)];
  const words = maskWords(stage.node.live, from.shape, from.lanes);
  const rom: Rom = {
    name: `${top}_${stage.name}_live`,
    what: `Mask of ${stage.node.id}, one bit a pixel in stream order, 1 for a live one`,
    width: 32,
    depth: words.length,
    words: () => words.map((w) => w.toString(16)),
    scrub: { words: ['row'], crc: () => wordsCrc(words) },
  };
  const module = romModule(rom);
  return {
    wires: [
      { name: `${stage.name}_address`, bits: addressBits(words.length) },
      { name: `${stage.name}_live`, bits: 32 },
      { name: `${stage.name}_wrong`, bits: 1 },
    ],
    instances: [
      {
        module: 'vetoc_mask',
        name: `${stage.name}_mask`,
        parameters: {
          W: from.format.width,
          PIXELS: from.lanes,
          WORDS: wordsPerFrame(from),
          ROM_WORDS: words.length,
        },
        ports: {
          ...CLOCK,
          ...takesWords(from.name),
          address: `${stage.name}_address`,
          live: `${stage.name}_live`,
          ...makes(to.name),
        },
      },
      {
        module: rom.name,
        name: `${stage.name}_rom`,
        parameters: {},
        ports: { ...romPorts(stage.name), addr: `${stage.name}_address`, q: `${stage.name}_live` },
      },
    ],
    modules: [module],
    memories: [watched(rom, `${stage.name}_wrong`)],
    pass: PASS.mask,
  };
};

/** `MODE` of `vetoc_bin`. */
const BIN_MODE: Readonly<Record<StageOf<'bin'>['node']['mode'], number>> = { max: 0, sum: 1, second: 2 };

export const bin: Builder<'bin'> = (stage, context) => {
  const [from, to] = [input(stage), output(stage)];
  const [factorY, factorX] = stage.node.factor;
  return {
    instances: [
      {
        module: 'vetoc_bin',
        name: `${stage.name}_bin`,
        parameters: {
          IW: from.format.width,
          OW: to.format.width,
          MODE: BIN_MODE[stage.node.mode],
          PIXELS: from.lanes,
          OUT_PIXELS: to.lanes,
          SPAN: Math.max(1, factorX / from.lanes),
          FACTOR_Y: factorY,
          COLUMNS: Math.ceil(to.shape[1] / to.lanes),
        },
        ports: { ...CLOCK, ...reads(from.name), ...asks(to.name, context), ...makes(to.name) },
      },
    ],
    processes: [
      {
        name: stage.name,
        inputs: [from.name],
        outputs: [{ stream: to.name, depth: DEPTH.bin }],
        events: binEvents(stage),
      },
    ],
  };
};

export const contrast: Builder<'contrast'> = (stage, context) => {
  const [from, to] = [input(stage), output(stage)];
  const { name } = stage;
  const window = contrastWindow(stage.node);
  return {
    wires: wordWires(`${name}_window`, windowBits(window, from)),
    instances: [
      windowInstance(stage, window, ZERO, { ...asks(to.name, context), ...gives(`${name}_window`) }),
      {
        module: 'vetoc_contrast',
        name: `${name}_contrast`,
        parameters: { LANES: from.lanes, W: from.format.width, DISTANCE: stage.node.distance },
        ports: { ...CLOCK, ...takesWords(`${name}_window`), ...makes(to.name) },
      },
    ],
    processes: [
      {
        name,
        inputs: [from.name],
        outputs: [{ stream: to.name, depth: DEPTH.window + PASS.contrast }],
        events: walkEvents(window, from),
      },
    ],
  };
};

export const clamp: Builder<'clamp'> = (stage) => {
  const [from, to] = [input(stage), output(stage)];
  const limit = (v: number): string => `${from.format.width}'d${Math.min(v, 2 ** from.format.width - 1)}`;
  return {
    instances: [
      {
        module: 'vetoc_clamp',
        name: `${stage.name}_clamp`,
        parameters: {
          LANES: from.lanes,
          IW: from.format.width,
          OW: to.format.width,
          LOW: limit(stage.node.min),
          HIGH: limit(stage.node.max),
        },
        ports: { ...CLOCK, ...takesWords(from.name), ...makes(to.name) },
      },
    ],
    pass: PASS.clamp,
  };
};

/** A ROM of one entry for each value of the input. */
function looked(stage: StageOf<'lut' | 'table'>, { top }: Context): Hardware {
  const [from, to] = [input(stage), output(stage)];
  const { first, table } = stage.node;
  const rom: Rom = {
    name: `${top}_${stage.name}_table`,
    what: `Table of ${stage.node.id}, for the values from ${first} on`,
    width: to.format.width,
    depth: table.length,
    words: () => Array.from(table, (v) => packedDigits([v], to.format.width)),
    ports: from.lanes,
    scrub: {
      words: [to.format.signed ? "32'($signed(row))" : "32'(row)"],
      crc: () => wordsCrc(Array.from({ length: from.lanes }, () => Array.from(table, (v) => v >>> 0)).flat()),
    },
  };
  const module = romModule(rom);
  const place = `${stage.name}_place`;
  return {
    wires: [
      ...wordWires(place, from.lanes * addressBits(table.length)),
      { name: `${stage.name}_wrong`, bits: 1 },
    ],
    instances: [
      {
        module: 'vetoc_index',
        name: `${stage.name}_index`,
        parameters: {
          LANES: from.lanes,
          IW: from.format.width,
          ISIGNED: Number(from.format.signed),
          FIRST: first,
          ENTRIES: table.length,
        },
        ports: { ...CLOCK, ...takesWords(from.name), ...gives(place) },
      },
      {
        module: rom.name,
        name: `${stage.name}_rom`,
        parameters: {},
        ports: { ...romPorts(stage.name), addr: `${place}_d`, q: `${to.name}_made` },
      },
      {
        module: 'vetoc_delay',
        name: `${stage.name}_valid`,
        parameters: { N: 2 },
        ports: { ...CLOCK, a: `${place}_we`, y: `${to.name}_we` },
      },
    ],
    modules: [module],
    memories: [watched(rom, `${stage.name}_wrong`)],
    pass: PASS.table,
  };
}

export const lut: Builder<'lut'> = looked;
export const table: Builder<'table'> = looked;
