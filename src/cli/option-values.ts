/** Parsers of option values that several commands share. Each throws `UserError` naming the option. */
import { UserError } from '../core/errors.js';

/** A parser of `count` numbers with `separator` between them, each of which `fits`. */
export function numbersOption(
  name: string,
  separator: string,
  count: number,
  fits: (n: number) => boolean = Number.isFinite,
) {
  return (text: string): readonly number[] => {
    const numbers = text.split(separator).map((part) => (part.trim() === '' ? NaN : Number(part)));
    if (numbers.length === count && numbers.every(fits)) return numbers;
    const form = Array.from({ length: count }, (_, i) => String.fromCharCode(65 + i)).join(separator);
    throw new UserError(`'${text}' is not ${count === 2 ? 'two' : count} numbers`, {
      field: name,
      remedy: `write ${name} ${form}`,
    });
  };
}

/** The same of two numbers. */
export function pairOption(name: string, separator: string, fits: (n: number) => boolean = Number.isFinite) {
  const parse = numbersOption(name, separator, 2, fits);
  return (text: string): readonly [number, number] => {
    const [a, b] = parse(text);
    return [a!, b!];
  };
}

/** A parser of `A` or `A:B`, both from `least` up. */
export function rangeOption(name: string, least: number) {
  const parse = pairOption(name, ':');
  return (text: string): readonly [number, number] => {
    const [low, high] = parse(text.includes(':') ? text : `${text}:${text}`);
    if (low >= least && high >= low) return [low, high];
    throw new UserError(`'${text}' is not a range from ${least} up`, {
      field: name,
      remedy: 'write LOW:HIGH or one number',
    });
  };
}

/** What numbers an option takes: all from `low` to `high`, or the whole ones among them. */
interface Numbers {
  readonly low: number;
  readonly high: number;
  readonly whole?: boolean;
}

function allowedText({ low, high, whole = false }: Numbers): string {
  const kind = whole ? 'a whole number' : 'a number';
  if (low === -Infinity) return kind;
  return high === Infinity ? `${kind} from ${low} up` : `${kind} from ${low} to ${high}`;
}

/** A parser of the numbers that `name` takes. */
export function numberOption(name: string, numbers: Numbers) {
  return (text: string): number => {
    const value = text.trim() === '' ? NaN : Number(text);
    const { low, high, whole = false } = numbers;
    if (value >= low && value <= high && (!whole || Number.isSafeInteger(value))) return value;
    throw new UserError(`"${text}" is not ${allowedText(numbers)}`, {
      field: name,
      remedy: `give ${allowedText(numbers)}`,
    });
  };
}

export const wholeOption = (name: string, low: number, high: number) =>
  numberOption(name, { low, high, whole: true });

/** A score of the fixed-point network: 32 bits. */
export const scoreOption = (name: string) => wholeOption(name, -(2 ** 31), 2 ** 31 - 1);

/** Any number of a physical quantity: above 0. */
export function positiveOption(name: string) {
  return (text: string): number => {
    const value = Number(text);
    if (!(value > 0 && value < Infinity))
      throw new UserError(`"${text}" is not a positive number`, { field: name, remedy: 'give one above 0' });
    return value;
  };
}

/** One of `allowed`. */
export function choiceOption<T extends string>(name: string, allowed: readonly T[]) {
  return (text: string): T => {
    const found = allowed.find((one) => one === text);
    if (found !== undefined) return found;
    throw new UserError(`"${text}" is none of ${allowed.join(', ')}`, { field: name, remedy: 'choose one' });
  };
}

/** A share as a percentage or a fraction: `0.1%` or `0.001`. */
export function shareOption(name: string) {
  return (text: string): number => {
    const [, number = '', sign = ''] = /^\s*([\d.eE+-]+)\s*(%?)\s*$/.exec(text) ?? [];
    const value = number === '' ? NaN : Number(number) / (sign === '%' ? 100 : 1);
    if (!(value >= 0 && value <= 1))
      throw new UserError(`'${text}' is not a share`, { field: name, remedy: `write ${name} 0.1% or 0.001` });
    return value;
  };
}

/** Collects the values of an option that may be repeated. */
export const repeated = (text: string, all: readonly string[]): readonly string[] => [...all, text];
