/** A recipe that runs in seconds. */
export const TINY = {
  version: 1,
  name: 'tiny',
  seed: 3,
  frames: { kind: 'simulate', count: 120, height: 64, width: 64 },
  preprocess: { factor: 2 },
  training: {
    network: [
      { op: 'conv', filters: 4, kernel: 5, init: 'spots', activation: 'clip' },
      { op: 'maxPool' },
      { op: 'conv', filters: 8, stride: 2, norm: true },
      { op: 'globalPool', mode: 'both' },
      { op: 'dense', units: 'classes' },
    ],
    epochs: 2,
    workers: 1,
  },
  calibration: { frames: 8 },
  verify: { frames: 24, tensorFrames: 2 },
  explain: { frames: 2 },
};

/** With another training section. */
export const training = (more: object) => ({ ...TINY, training: { ...TINY.training, ...more } });
