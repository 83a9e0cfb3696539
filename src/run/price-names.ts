/** What says how much a choice of widths takes of a board: the model of the HLS C++, or Yosys of the RTL's stages. */
export const PRICES = ['model', 'yosys'] as const;
export type PriceName = (typeof PRICES)[number];
