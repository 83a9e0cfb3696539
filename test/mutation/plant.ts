/**
 * Planting faults in the text of an emitted project: every fault compiled in, none active until `VETOC_FAULT` names
 * its number. One compilation serves all of them.
 */
import { join } from 'node:path';

/** A fault as other C++ in place of an expression or condition. */
export interface HlsFault {
  readonly name: string;
  /** File of the project. */
  readonly file: string;
  /** Matches once; its first group is the expression that is wrong when the fault is active. */
  readonly at: RegExp;
  /** The wrong expression; `$` stands for the right one. */
  readonly wrong: string;
  /** Type that both are converted to, where their own types differ. */
  readonly type?: string;
  /** Changes without effect of their own that the fault needs: `[what, by]`. */
  readonly with?: readonly (readonly [string, string])[];
}

/** Compiler options that a planted project needs. */
export const PLANTED_FLAGS: readonly string[] = ['-include', join(import.meta.dirname, 'planted.h')];

/** The place of a fault: faults at the same place share it. */
const placeOf = ({ file, at }: HlsFault): string => `${file} ${at.source}`;

/** Where the one match of `at` has its first group. */
function once(text: string, at: RegExp, place: string): readonly [number, number] {
  const all = [...text.matchAll(new RegExp(at, 'gsd'))];
  const group = all[0]?.indices?.[1];
  if (all.length !== 1 || group === undefined)
    throw new Error(`${place} is found ${all.length} times, not once: the emitted text has changed`);
  return group;
}

/** `files` with all of `faults` in them; the fault with index `i` is number `i + 1`. */
export function plant(
  files: Readonly<Record<string, string | Uint8Array>>,
  faults: readonly HlsFault[],
): Readonly<Record<string, string | Uint8Array>> {
  const planted = new Map(Object.entries(files));
  const places = new Map<string, { readonly fault: HlsFault; readonly number: number }[]>();
  faults.forEach((fault, i) => {
    const place = placeOf(fault);
    places.set(place, [...(places.get(place) ?? []), { fault, number: i + 1 }]);
  });
  const textOf = (file: string): string => {
    const text = planted.get(file);
    if (typeof text !== 'string') throw new Error(`the project has no text ${file}`);
    return text;
  };
  for (const [place, here] of places) {
    const { file, at } = here[0]!.fault;
    const text = textOf(file);
    const [from, to] = once(text, at, place);
    const right = text.slice(from, to);
    const expression = here.reduceRight((rest, { fault, number }) => {
      const typed = (code: string): string =>
        fault.type === undefined ? `(${code})` : `${fault.type}(${code})`;
      return `(vetoc_planted(${number}) ? ${typed(fault.wrong.replaceAll('$', `(${right})`))} : ${typed(rest)})`;
    }, right);
    planted.set(file, text.slice(0, from) + expression + text.slice(to));
  }
  for (const fault of faults)
    for (const [what, by] of fault.with ?? []) {
      const text = textOf(fault.file);
      if (text.split(what).length !== 2) throw new Error(`${what} does not stand once in ${fault.file}`);
      planted.set(
        fault.file,
        text.replace(what, () => by),
      );
    }
  return Object.fromEntries(planted);
}
