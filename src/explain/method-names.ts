/** The methods that make evidence maps, by name; what they do stands in `methods.ts`. */
export const MAP_METHODS = [
  'grad-cam',
  'hi-res-cam',
  'grad-cam-plus-plus',
  'guided-grad-cam',
  'random',
] as const;
export type MapMethod = (typeof MAP_METHODS)[number];
