/**
 * The prescale of `ir/prescale.ts` in ONNX: int64 arithmetic modulo 2^32, in which no intermediate reaches 2^63. What it must
 * know of a frame comes in by a second input, so that one file serves every number, key and N.
 */
import { MAX_PRESCALE, PRESCALE_FACTORS, PRESCALE_SHIFTS } from '../../ir/prescale.js';
import { KEEP } from './decision.js';
import type { OnnxWriter } from './writer.js';

/** int64 `[N, 3]`: the frame's number (64 bits, as they are), the key, one in how many misses is kept (0: none). */
export const PRESCALE_INPUT = 'prescale';
/** bool `[N]`: the score is at or above the threshold; the frame is a miss that the prescale keeps. */
export const BY_SCORE = 'by_score';
export const BY_PRESCALE = 'by_prescale';
/** int32 `[N]`: how many frames of its kind it stands for. */
export const WEIGHT = 'weight';

const COLUMNS = ['number', 'key', 'n'] as const;

type Emit = (type: string, suffix: string, ...inputs: readonly (string | number)[]) => string;

/** Emits nodes under `prescale.`; numbers become int64 constants. */
const emitter =
  (writer: OnnxWriter): Emit =>
  (type, suffix, ...inputs) =>
    writer.node(
      type,
      `${PRESCALE_INPUT}.${suffix}`,
      inputs.map((input) =>
        typeof input === 'string' ? input : writer.constant(`int64_${input}`, 'int64', [input], []),
      ),
    );

const WORD = 2 ** 32;

/** One round of the hash: `word` goes into `hash`. */
function mixed(emit: Emit, round: string, hash: string | 0, word: string): string {
  const [first, second, third] = PRESCALE_SHIFTS;
  const [one, other] = PRESCALE_FACTORS;
  const folded = (name: string, h: string, shift: number): string =>
    emit('BitwiseXor', `${round}.${name}`, h, emit('Div', `${round}.${name}_shifted`, h, 2 ** shift));
  const times = (name: string, h: string, factor: number): string =>
    emit('Mod', `${round}.${name}`, emit('Mul', `${round}.${name}_product`, h, factor), WORD);
  const sum = emit('Mod', `${round}.sum`, emit('Add', `${round}.whole_sum`, hash, word), WORD);
  const a = times('a', folded('a_folded', sum, first), one);
  const b = times('b', folded('b_folded', a, second), other);
  return folded('out', b, third);
}

/** Emits `keep`, and the reasons for it, from `by_score`, which has been emitted. */
export function emitPrescale(writer: OnnxWriter): void {
  const emit = emitter(writer);
  const [number, key, n] = COLUMNS.map((name, column) =>
    writer.node(
      'Gather',
      `${PRESCALE_INPUT}.${name}`,
      [PRESCALE_INPUT, writer.constant(`int64_${column}`, 'int64', [column], [])],
      { attributes: { axis: { int: 1 } } },
    ),
  ) as [string, string, string];
  const low = emit('Mod', 'low', number, WORD);
  const rest = emit('Sub', 'high_in_place', number, low);
  const high = emit('Mod', 'high', emit('Div', 'high_signed', rest, WORD), WORD);
  const words = [emit('Mod', 'key_bits', key, WORD), low, high];
  const hash = words.reduce<string | 0>((h, word, i) => mixed(emit, `round${i}`, h, word), 0);
  const allowed = emit(
    'And',
    'allowed',
    emit('Greater', 'on', n, 0),
    emit('LessOrEqual', 'known', n, MAX_PRESCALE),
  );
  const below = emit('Less', 'below', emit('Mul', 'scaled', hash, n), WORD);
  const chosen = emit('And', 'chosen', allowed, below);
  writer.node('And', BY_PRESCALE, [emit('Not', 'miss', BY_SCORE), chosen]);
  writer.node('Or', KEEP, [BY_SCORE, BY_PRESCALE]);
  const one = writer.node('Cast', `${PRESCALE_INPUT}.one`, [BY_SCORE], { attributes: { to: { int: 7 } } });
  writer.node('Cast', WEIGHT, [emit('Where', 'weight_long', BY_PRESCALE, n, one)], {
    attributes: { to: { int: 6 } },
  });
  writer.output(KEEP, 'bool', ['N']);
  writer.output(BY_SCORE, 'bool', ['N']);
  writer.output(BY_PRESCALE, 'bool', ['N']);
  writer.output(WEIGHT, 'int32', ['N']);
}
