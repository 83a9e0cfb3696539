/** Two back ends for tests: one that prints a network, one that no network is large enough for. */
import type { Backend, Built } from '../../src/backends/backend.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { printGraph } from '../../src/ir/serialize.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';

const built = (fixed: FixedGraph): Built => ({
  files: { 'graph.txt': printGraph('fixed', fixed) },
  firmware: {
    board: 'paper',
    basis: 'estimated',
    fits: true,
    resources: [],
    stages: [],
    timing: {
      clockMHz: 1,
      pixelsPerClock: 1,
      beatsPerFrame: 1,
      cyclesPerFrame: 1,
      framesPerSecond: 1e6,
      limitedBy: 'the pen',
      firstPixelMicroseconds: 1,
      lastPixelMicroseconds: 1,
    },
  },
  levels: {},
  facts: {},
});

export const paper: Backend = {
  name: 'paper',
  title: 'print-outs',
  description: 'Print-outs.',
  folder: 'paper',
  required: true,
  tooLarge: () => null,
  build: ({ networks }) => Promise.resolve(built(networks.fixed)),
  compares: (path) => path === 'graph.txt',
  witnesses: [
    {
      name: 'clerk',
      asked: 'always',
      prepares: null,
      open: ({ fixed }) => Promise.resolve([{ ...createInterpreter(fixed), name: 'clerk' }]),
    },
  ],
  proofs: null,
  export: {
    kind: 'project',
    build: ({ fixed }) => built(fixed),
    figures: () => null,
    levels: () => ({}),
    synthesis: null,
    mark: 'graph.txt',
    check: 'read',
  },
};
/** A back end that is not made for networks of this size. */
export const stamp: Backend = {
  ...paper,
  name: 'stamp',
  folder: 'stamp',
  title: 'stamps',
  witnesses: [],
  tooLarge: () => 'it is too small',
};
