/** Parsers of option values that several commands share. Each throws `UserError` naming the option. */
import { UserError } from '../core/errors.js';

/** Parses `A<separator>B` into two numbers. */
export function pairOption(name: string, separator: string, fits: (n: number) => boolean) {
  return (text: string): readonly [number, number] => {
    const [a = NaN, b = NaN, ...rest] = text.split(separator).map(Number);
    if (rest.length > 0 || !fits(a) || !fits(b))
      throw new UserError(`'${text}' is not two numbers`, {
        field: name,
        remedy: `write ${name} A${separator}B`,
      });
    return [a, b];
  };
}

export function positiveOption(name: string) {
  return (text: string): number => {
    const value = Number(text);
    if (!(value > 0 && value < Infinity))
      throw new UserError(`'${text}' is not a positive number`, { field: name });
    return value;
  };
}

export function wholeOption(name: string, least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
      throw new UserError(`'${text}' is not allowed`, {
        field: name,
        remedy: `give a whole number from ${least} to ${most}`,
      });
    return value;
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
