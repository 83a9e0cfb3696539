/** Figures that are offered where a wish cannot be met. */

/** Rounded down to three significant digits, so that what is offered can be had. */
export const roundDown = (x: number): number => {
  const step = 10 ** (Math.floor(Math.log10(x)) - 2);
  return Number((Math.floor(x / step + 1e-9) * step).toPrecision(3));
};
/** Rounded up likewise. */
export const roundUp = (x: number): number => {
  const step = 10 ** (Math.floor(Math.log10(x)) - 2);
  return Number((Math.ceil(x / step - 1e-9) * step).toPrecision(3));
};
