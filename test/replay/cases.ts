/** What the replay emits: about a dozen networks, each for one board. */
import { zooNetwork } from '../hls/networks.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import type { FixedGraph, FloatGraph, HlsOptions, Quantization } from './compiler.js';
import { deadPixels, depthwiseLayers, flatLayers, thin, trained, untrained } from './networks.js';

export interface ReplayCase {
  /** Folder of what is emitted. */
  readonly name: string;
  /** A float network and its quantization, or a fixed graph as it is. */
  readonly network:
    | { readonly float: () => FloatGraph; readonly quantization: Partial<Quantization> }
    | { readonly fixed: () => FixedGraph };
  /** A file of `targets/`, by name. */
  readonly target: string;
  readonly hls?: Omit<HlsOptions, 'target'>;
}

const bits = (width: number): Partial<Quantization> => ({ weightBits: width, activationBits: width });

export const CASES: readonly ReplayCase[] = [
  {
    name: 'veto-nano-8-bits',
    network: { float: () => untrained({ network: 'veto-nano', size: [64, 64] }), quantization: bits(8) },
    target: 'kcu1500',
  },
  {
    name: 'veto-small-reloadable',
    network: {
      float: () => untrained({ network: 'veto-small', size: [48, 64] }),
      quantization: { ...bits(8), reloadable: true },
    },
    target: 'zcu102',
    hls: { pixelsPerClock: 4, framesPerSecond: 20_000 },
  },
  {
    name: 'veto-base-6-bits',
    network: { float: () => untrained({ network: 'veto-base', size: [32, 48] }), quantization: bits(6) },
    target: 'alveo-u50',
    hls: { pixelsPerClock: 8 },
  },
  {
    name: 'veto-large-4-bits',
    network: {
      float: () => untrained({ network: 'veto-large', size: [32, 32] }),
      quantization: { ...bits(4), edgeBits: null },
    },
    target: 'vck190',
    hls: { pixelsPerClock: 16, framesPerSecond: 100_000 },
  },
  {
    name: 'resnet18-thin',
    network: {
      float: () => untrained({ network: thin('resnet18'), size: [64, 64], preprocess: { factor: 1 } }),
      quantization: bits(8),
    },
    target: 'kria-kv260',
    hls: { pixelsPerClock: 2 },
  },
  {
    name: 'depthwise-16-bits',
    network: {
      float: () => untrained({ network: depthwiseLayers, size: [40, 36] }),
      quantization: { ...bits(16), edgeBits: 16 },
    },
    target: 'pynq-z2',
  },
  {
    name: 'flat-12-bits-two-channels',
    network: {
      float: () =>
        untrained({
          network: flatLayers,
          size: [45, 50],
          mask: deadPixels(45 * 50),
          preprocess: {
            factor: [3, 2],
            bits: 10,
            channels: [
              { bin: 'max', clampMax: 1023, table: 'linear' },
              { bin: 'sum', clampMin: 3, clampMax: 4000, table: 'sqrt' },
            ],
          },
        }),
      quantization: bits(12),
    },
    target: 'zcu111',
    hls: { framesPerSecond: 5000, clockMHz: 250 },
  },
  {
    name: 'trained-8-bits',
    network: { float: trained, quantization: { ...bits(8), biasCorrection: true, adaptiveRounding: true } },
    target: 'kcu116',
    hls: { latencyMicroseconds: 2 },
  },
  {
    name: 'trained-2-bits',
    network: { float: trained, quantization: bits(2) },
    target: 'alveo-u250',
    hls: { pixelsPerClock: 4 },
  },
  {
    name: 'trained-other-rounding',
    network: { float: trained, quantization: { ...bits(7), rounding: 'AP_TRN', overflow: 'AP_WRAP' } },
    target: 'kcu1500',
  },
  { name: 'zoo', network: { fixed: zooNetwork }, target: 'kcu1500', hls: { pixelsPerClock: 2 } },
  {
    name: 'sample-5-bits',
    network: { fixed: () => sampleFixedGraph({ weightBits: 5, activationBits: 5 }) },
    target: 'zcu102',
    hls: { pixelsPerClock: 4 },
  },
];
