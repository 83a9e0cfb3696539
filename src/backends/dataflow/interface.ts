/**
 * What software sees of the firmware: registers, the decision word, why a frame is malformed, what became of an image of
 * weights. One table each, for every back end that makes hardware and for whoever reads decisions.
 */

/** What a design has, as far as its ports depend on it. */
export interface Features {
  readonly reloadable: boolean;
  /** A second network in shadow; not unless given. */
  readonly canary?: boolean;
}

export interface Register {
  /** Argument of the top function, port of the top module. */
  readonly name: string;
  readonly offset: number;
  readonly access: 'rw' | 'r';
  readonly type: 'u32' | 'i32' | 'u64';
  /** Where the register is; everywhere unless given. */
  readonly where?: (features: Features) => boolean;
  readonly text: string;
}

const reloadable = (f: Features): boolean => f.reloadable;
const canary = (f: Features): boolean => f.canary === true;

const rw = (
  offset: number,
  name: string,
  type: Register['type'],
  text: string,
  where?: Register['where'],
): Register => ({ name, offset, access: 'rw', type, text, ...(where === undefined ? {} : { where }) });
const r = (
  offset: number,
  name: string,
  type: Register['type'],
  text: string,
  where?: Register['where'],
): Register => ({ name, offset, access: 'r', type, text, ...(where === undefined ? {} : { where }) });

/**
 * Settings at 8 bytes each; what is read at 16, the low half of 64 bits first. 0x40 to 0x57 and 0x170 to 0x197, and bits 120,
 * 121 and 224 to 255 of the decision word, belong to a second network in shadow (canary).
 */
const REGISTERS: readonly Register[] = [
  rw(0x10, 'mode', 'u32', 'bits, see below'),
  rw(
    0x18,
    'threshold',
    'i32',
    'keep when score >= threshold, in least significant bits of the logits; used with OWN_THRESHOLD',
  ),
  rw(
    0x20,
    'idle_cycles',
    'u32',
    'cycles without a beat after which a frame that has begun is given up; 0: the built-in time',
  ),
  rw(0x28, 'number_step', 'u32', 'difference of the numbers of successive frames; 0: the built-in one'),
  rw(
    0x30,
    'prescale',
    'u32',
    'keep 1 in this many misses; 0: none; at most 16777216, more is refused (see status)',
  ),
  rw(0x38, 'prescale_key', 'u32', 'key of the hash that chooses them'),
  rw(
    0x40,
    'canary_frames',
    'u32',
    'frames that both networks must have decided before the shadow takes over (mode, take_over); 0: never',
    canary,
  ),
  rw(
    0x48,
    'canary_bound',
    'u32',
    'it takes over if at most this many of them were decided differently',
    canary,
  ),
  r(0x80, 'frame_count', 'u64', 'answers sent, malformed ones too'),
  r(0x90, 'kept_count', 'u64', 'frames kept for their score, because malformed or because of an upset'),
  r(0xa0, 'vetoed_count', 'u64', 'misses: the prescale keeps some of them'),
  r(0xb0, 'prescaled_count', 'u64', 'misses that the prescale kept'),
  r(0xc0, 'malformed_count', 'u64', 'malformed frames, all of them kept'),
  r(0xd0, 'gap_count', 'u64', 'frames whose number was not the expected one'),
  r(0xe0, 'dropped_beats', 'u64', 'beats that belonged to no frame and were thrown away'),
  r(0xf0, 'timeout_count', 'u64', 'frames given up because they stopped'),
  r(
    0x100,
    'overflow_count',
    'u64',
    'frames cut off or lost because the FIFO in front was full; 0 where the stream can wait',
  ),
  r(0x110, 'status', 'u32', 'bits, see below'),
  r(
    0x120,
    'upsets',
    'u32',
    'a bit for each memory in which the scrubber found a flipped bit; memories 31 and above share bit 31',
  ),
  r(
    0x130,
    'scrub_frames',
    'u32',
    'constant: frames within which a flipped bit is flagged, wherever it is: two rounds of the scrubber',
  ),
  r(0x140, 'weights_loaded', 'u32', 'images of weights that were taken', reloadable),
  r(0x150, 'weights_refused', 'u32', 'images that were refused: the weights stayed as they were', reloadable),
  r(0x160, 'weights_status', 'u32', 'what became of the last image, see below', reloadable),
  r(
    0x170,
    'canary_count',
    'u64',
    'good frames that both networks decided since either was loaded or they changed places',
    canary,
  ),
  r(0x180, 'canary_disagreements', 'u64', 'of these, frames that one would keep and the other not', canary),
  r(0x190, 'canary_swaps', 'u32', 'how often the networks changed places, at most 4294967295', canary),
];

export const registersOf = (features: Features): readonly Register[] =>
  REGISTERS.filter((register) => register.where?.(features) ?? true);

/** A bit, or bits `low` to `high`, of a word. */
export interface Field {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly text: string;
  /** Where the field is; everywhere unless given. */
  readonly where?: (features: Features) => boolean;
}

const bits = (low: number, high: number, name: string, text: string, where?: Field['where']): Field => ({
  name,
  low,
  high,
  text,
  ...(where === undefined ? {} : { where }),
});
const bit = (low: number, name: string, text: string, where?: Field['where']): Field =>
  bits(low, low, name, text, where);

/** The fields that a design has. */
export const fieldsOf = (fields: readonly Field[], features: Features): readonly Field[] =>
  fields.filter((field) => field.where?.(features) ?? true);

export const MODE_BITS: readonly Field[] = [
  bit(0, 'pass_through', 'every frame is kept; the counters tell what a veto would have done'),
  bit(1, 'own_threshold', 'the threshold register instead of the trained threshold'),
  bit(2, 'clear_counters', 'counters start again from 0 at each decision while it is set'),
  bit(
    3,
    'hold',
    'the counters that can be read stand still, all of the same decision; they go on counting inside',
  ),
  bit(
    4,
    'second_decides',
    '0: the first network decides, 1: the second; images go to the other, and a change counts with the next decision',
    canary,
  ),
  bit(
    5,
    'take_over',
    'the shadow takes over by itself within canary_bound of canary_frames, until this is 0 again; no image is taken meanwhile',
    canary,
  ),
];

export const STATUS_BITS: readonly Field[] = [
  bit(0, 'held', 'the counters stand still'),
  bit(1, 'prescale_refused', 'the prescale register is beyond 16777216: no miss is kept'),
  bit(2, 'upset', 'a memory holds a flipped bit: every frame is kept'),
  bit(3, 'second', 'the second network decided last', canary),
  bit(4, 'taken_over', 'the shadow took over by itself', canary),
];

export const DECISION_BITS = 256;

/** One word a frame. */
export const DECISION_FIELDS: readonly Field[] = [
  bits(
    0,
    63,
    'number',
    "the detector's frame number; without a header in the stream: answers counted from 0",
  ),
  bits(
    64,
    95,
    'score',
    "max(hit logits) - max(miss logits), two's complement; of a malformed frame: nothing to go by",
  ),
  bit(96, 'keep', '1: keep the frame'),
  bit(97, 'by_score', 'it is kept because score >= threshold'),
  bit(98, 'by_prescale', 'it is a miss that the prescale kept'),
  bit(99, 'malformed', 'it is kept because it was malformed; bits 119..112 say how'),
  bit(100, 'by_pass_through', 'it is kept because every frame is'),
  bit(101, 'upset', 'it is kept because a memory holds a flipped bit'),
  bit(102, 'gap', 'its number is not the expected one: frames in front of it are missing'),
  bit(103, 'numbered', '1: the number came with the frame'),
  bits(
    104,
    111,
    'weights',
    'with which weights: how often they had been exchanged, modulo 256; 0: the built-in ones',
  ),
  bits(112, 119, 'causes', 'how it was malformed, see below'),
  bit(120, 'second', 'the second network decided; weights, score and threshold are its', canary),
  bit(121, 'shadow_keep', 'the network in shadow would have kept it for its score', canary),
  bits(
    128,
    159,
    'weight',
    'how many frames of its kind it stands for: N when the prescale alone kept it, 1 when kept otherwise, 0 when not',
  ),
  bits(160, 191, 'count', 'answers before this one, modulo 2^32, since the counters were cleared'),
  bits(192, 223, 'threshold', "that it was compared with, two's complement"),
  bits(224, 255, 'shadow_score', "of the network in shadow, two's complement", canary),
];

/** How a frame is malformed: bits of `causes`. */
export const CAUSES: readonly Field[] = [
  bit(0, 'short', 'it ended, or the next frame began, before its last beat'),
  bit(1, 'long', 'no TLAST with its last beat; what follows up to TLAST or the next start is thrown away'),
  bit(2, 'error', 'the sender marked it (EOFE with TLAST)'),
  bit(3, 'bytes', 'TKEEP was not all ones'),
  bit(4, 'crc', 'its CRC-32 is wrong'),
  bit(5, 'timeout', 'it stopped for longer than the idle time'),
  bit(6, 'headless', 'beats without a start of frame'),
  bit(7, 'overflow', 'the FIFO in front was full'),
];

/** What became of an image of weights; the first that is found counts. */
export const WEIGHT_STATUS = [
  { name: 'none', text: 'no image has come yet' },
  { name: 'taken', text: 'taken' },
  { name: 'not_an_image', text: 'refused: the first word is not that of an image' },
  { name: 'other_design', text: 'refused: made for another design (key)' },
  { name: 'short', text: 'refused: it ended too early' },
  { name: 'long', text: 'refused: it did not end with its last word' },
  { name: 'bytes', text: 'refused: TKEEP was not all ones' },
  { name: 'crc', text: 'refused: its CRC-32 is wrong' },
  { name: 'range', text: 'refused: a weight, bias or shift is out of range' },
  {
    name: 'busy',
    text: 'refused: with a canary, while the shadow may take over, or after the networks changed places under it',
  },
] as const;
