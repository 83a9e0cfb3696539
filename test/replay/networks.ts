/** The networks that the replay compiles: small, and between them every op and every way through the compiler. */
import { readFileSync } from 'node:fs';
import {
  createNetwork,
  layerSchema,
  NETWORKS,
  parseGraphText,
  preprocessNodes,
  preprocessSchema,
  type FloatGraph,
  type LayerInput,
  type PreprocessInput,
} from './compiler.js';

const CLASSES = {
  classNames: ['empty', 'ring', 'weak', 'good'],
  hitClasses: [false, false, true, true],
};

export interface NetworkInput {
  readonly network: string | readonly LayerInput[];
  readonly size: readonly [number, number];
  readonly preprocess?: PreprocessInput;
  readonly mask?: Uint8Array;
}

/** An untrained network: the same weights from the same seed. */
export const untrained = ({ network, size, preprocess = { factor: 2 }, mask }: NetworkInput): FloatGraph =>
  createNetwork({
    network: typeof network === 'string' ? network : network.map((layer) => layerSchema.parse(layer)),
    ...(typeof network === 'string' ? {} : { name: 'layers' }),
    preprocess: preprocessNodes(preprocessSchema.parse(preprocess), [...size], mask),
    classes: CLASSES,
    seed: 7,
  });

/** A small network that `fixtures/train.ts` trained. */
export const trained = (): FloatGraph => {
  const file = new URL('./fixtures/trained.txt', import.meta.url);
  return parseGraphText('float', readFileSync(file, 'utf8'), file.pathname);
};

/** Pixels of a frame, some dead. */
export const deadPixels = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => (i % 11 === 4 ? 0 : 1));

const fewer = (count: number): number => Math.max(2, Math.round(count / 16));
function thinned(layer: LayerInput): LayerInput {
  if (layer.op === 'conv') return { ...layer, filters: fewer(layer.filters) };
  if (layer.op === 'dense' && typeof layer.units === 'number') return { ...layer, units: fewer(layer.units) };
  if (layer.op !== 'residual') return layer;
  return { ...layer, body: layer.body.map(thinned), shortcut: (layer.shortcut ?? []).map(thinned) };
}
/** A published reference with a sixteenth of its channels. */
export const thin = (name: string): readonly LayerInput[] => NETWORKS[name]!.layers.map(thinned);

export const depthwiseLayers: readonly LayerInput[] = [
  { op: 'conv', filters: 6, stride: 2, norm: true, activation: 'leakyRelu' },
  { op: 'depthwise', norm: true },
  { op: 'conv', filters: 10, kernel: 1, activation: 'clip' },
  { op: 'depthwise', stride: 2, kernel: 5, activation: 'leakyRelu' },
  { op: 'conv', filters: 8, kernel: 1, groups: 2, activation: 'none' },
  { op: 'globalPool', mode: 'both' },
  { op: 'dense', units: 'classes' },
];

export const flatLayers: readonly LayerInput[] = [
  { op: 'conv', filters: 4, kernel: 3, padding: 0 },
  { op: 'avgPool', size: 3, stride: 2, padding: 1 },
  {
    op: 'residual',
    body: [{ op: 'conv', filters: 6, kernel: 3, stride: 2, activation: 'none' }],
    shortcut: [{ op: 'conv', filters: 6, kernel: 1, stride: 2, activation: 'none' }],
    activation: 'leakyRelu',
  },
  { op: 'maxPool', size: 2 },
  { op: 'flatten' },
  { op: 'dense', units: 5, norm: true },
  { op: 'dense', units: 'classes' },
];
