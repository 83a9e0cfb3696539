/** Memories that correct single flipped bits: line buffers, and the unfinished blocks of a bin. */
import type { Window } from '../../ir/common.js';
import type { Hardware } from './stages/common.js';
import { lineWords } from './stages/window.js';
import type { Instance } from './sv.js';
import { upsetId } from './memory.js';

/** A memory inside an instance. */
export interface CorrectedMemory {
  readonly name: string;
  /** By which number the simulation knows it. */
  readonly id: number;
  readonly words: number;
  /** Bits of a word, its check bits among them. */
  readonly bits: number;
}

/** Check bits of every 64 bits. */
const CHECK_BITS = 8;

const numeric = ({ parameters }: Instance, name: string): number => Number(parameters[name]);

/** The window of an instance of `vetoc_window`. */
function windowOf(instance: Instance): Window {
  const of = (name: string): number => numeric(instance, name);
  return {
    kernel: [of('KH'), of('KW')],
    strides: [of('SY'), of('SX')],
    padding: [of('TOP'), of('LEFT'), of('BOTTOM'), of('RIGHT')],
  };
}

/** The words of the memory of `instance`, and their bits without check bits; null where it has none, or registers. */
function memoryOf(instance: Instance): { words: number; bits: number } | null {
  const of = (name: string): number => numeric(instance, name);
  const memory =
    instance.module === 'vetoc_window'
      ? {
          words: lineWords(windowOf(instance), [of('HEIGHT'), of('WIDTH'), 1], of('GROUPS')),
          bits: (of('KH') - 1) * of('W'),
        }
      : instance.module === 'vetoc_bin'
        ? { words: of('COLUMNS'), bits: of('OUT_PIXELS') * of('OW') * (of('MODE') === 2 ? 2 : 1) }
        : null;
  return memory === null || memory.words === 1 || memory.bits === 0 ? null : memory;
}

/** `hardware` with memories that correct single flips. */
export const corrected = (hardware: Hardware): Hardware => ({
  ...hardware,
  instances: hardware.instances.map((instance) =>
    memoryOf(instance) === null
      ? instance
      : { ...instance, parameters: { ...instance.parameters, ECC: 1, ID: upsetId(instance.name) } },
  ),
});

/** The memories of `hardware` that correct single flips. */
export const correctedMemories = (hardware: Hardware): readonly CorrectedMemory[] =>
  hardware.instances.flatMap((instance) => {
    const memory = instance.parameters['ECC'] === 1 ? memoryOf(instance) : null;
    if (memory === null) return [];
    const { words, bits } = memory;
    const id = numeric(instance, 'ID');
    return [{ name: instance.name, id, words, bits: bits + CHECK_BITS * Math.ceil(bits / 64) }];
  });
