/**
 * The networks that vetoc knows by name. To add one is to add an entry here.
 *
 * The veto networks are for firmware: small kernels, early strides, global pooling, no state as wide as the frame, and windows
 * that end with the last pixel.
 */
import { UserError } from '../../core/errors.js';
import type { FloatGraph } from '../../ir/graph.js';
import type { PreprocessGraph } from './preprocess.js';
import { buildNetwork, type NetworkClasses } from './build.js';
import { alexnet, resnet101, resnet18, resnet50 } from './references.js';
import { layerSchema, type Layer, type LayerInput } from './description.js';

export interface NetworkEntry {
  /** One sentence for `--help` and the report. */
  readonly summary: string;
  readonly layers: readonly LayerInput[];
}

/**
 * A veto network: a first layer that starts as spot finders, two or more layers that learn what is no spot (ice
 * rings, hot pixels, panel edges), the first `pooled` of them with a pool behind, and counts and maxima over the frame.
 */
const veto = (first: number, rest: readonly number[], hidden: number, pooled = 1): readonly LayerInput[] => [
  { op: 'conv', filters: first, padding: 'causal', init: 'spots', activation: 'clip' },
  { op: 'maxPool' },
  ...rest.flatMap((filters, i): readonly LayerInput[] => [
    { op: 'conv', filters, padding: 'causal', norm: true },
    ...(i < pooled ? [{ op: 'maxPool' } as const] : []),
  ]),
  { op: 'globalPool', mode: 'both' },
  { op: 'dense', units: hidden, norm: true },
  { op: 'dense', units: 'classes' },
];

export const NETWORKS: Readonly<Record<string, NetworkEntry>> = {
  'veto-nano': {
    summary: 'under 2,000 weights: for the smallest devices',
    layers: veto(4, [8, 10], 8),
  },
  'veto-small': {
    summary: 'about 6,000 weights: the default for firmware',
    layers: veto(8, [16, 24], 16),
  },
  'veto-base': {
    summary: 'about 36,000 weights: for most devices',
    layers: veto(12, [24, 40, 56], 32),
  },
  'veto-large': {
    summary: 'about 80,000 weights: for large devices',
    layers: veto(16, [32, 56, 96], 48, 2),
  },
  alexnet: {
    summary: 'AlexNet, 57 million weights, for 512×512 frames: a published reference',
    layers: alexnet,
  },
  resnet18: { summary: 'ResNet-18, 11 million weights: a published reference', layers: resnet18 },
  resnet50: { summary: 'ResNet-50, 24 million weights: a published reference', layers: resnet50 },
  resnet101: { summary: 'ResNet-101, 43 million weights: a published reference', layers: resnet101 },
};

export interface NetworkRequest {
  /** A name of {@link NETWORKS}, or the layers themselves. */
  readonly network: string | readonly Layer[];
  /** What a network that is none of the registry is called, in files and in firmware; layers `custom` unless given. */
  readonly name?: string;
  readonly preprocess: PreprocessGraph;
  readonly classes: NetworkClasses;
  /** For the weights. */
  readonly seed: number;
}

/** An untrained float graph. Throws `UserError` for an unknown name or layers that do not fit the input. */
export function createNetwork(request: NetworkRequest): FloatGraph {
  const { network, name = 'custom', preprocess, classes, seed } = request;
  if (typeof network !== 'string') return buildNetwork(name, network, preprocess, classes, seed);
  const entry = Object.hasOwn(NETWORKS, network) ? NETWORKS[network] : undefined;
  if (entry === undefined)
    throw new UserError(`there is no network ${network}`, {
      field: 'training.network',
      remedy: `name one of ${Object.keys(NETWORKS).join(', ')}`,
    });
  const layers = entry.layers.map((layer) => layerSchema.parse(layer));
  return buildNetwork(network, layers, preprocess, classes, seed);
}
