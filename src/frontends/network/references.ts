/**
 * The published references, as Nawaz et al., J. Appl. Cryst. (2023) 56, 1494 trained them on 512×512 grey frames.
 *
 * AlexNet is the one-column form of Krizhevsky 2014; the ResNets are He et al. 2016 with the stride in the 3×3
 * convolution. Differences: one input channel instead of three, the classes of the recipe instead of 1,000, no
 * dropout; AlexNet's pooling to 6×6 is by 5×5 windows with stride 2, which is 6×6 for a 512×512 frame.
 */
import type { LayerInput } from './description.js';

export const alexnet: readonly LayerInput[] = [
  { op: 'conv', filters: 64, kernel: 11, stride: 4, padding: 2 },
  { op: 'maxPool', size: 3, stride: 2 },
  { op: 'conv', filters: 192, kernel: 5 },
  { op: 'maxPool', size: 3, stride: 2 },
  { op: 'conv', filters: 384 },
  { op: 'conv', filters: 256 },
  { op: 'conv', filters: 256 },
  { op: 'maxPool', size: 3, stride: 2 },
  { op: 'avgPool', size: 5, stride: 2 },
  { op: 'flatten' },
  { op: 'dense', units: 4096 },
  { op: 'dense', units: 4096 },
  { op: 'dense', units: 'classes' },
];

const conv = (filters: number, kernel: number, stride: number, activation: 'relu' | 'none'): LayerInput => ({
  op: 'conv',
  filters,
  kernel,
  stride,
  norm: true,
  activation,
});

/** Two 3×3 convolutions. */
const basicBody = (filters: number, stride: number): readonly LayerInput[] => [
  conv(filters, 3, stride, 'relu'),
  conv(filters, 3, 1, 'none'),
];

/** 1×1 down, 3×3, 1×1 up to four times as many channels. */
const bottleneckBody = (filters: number, stride: number): readonly LayerInput[] => [
  conv(filters, 1, 1, 'relu'),
  conv(filters, 3, stride, 'relu'),
  conv(4 * filters, 1, 1, 'none'),
];

/** A residual network with `counts` blocks in its four stages. */
function resnet(
  body: (filters: number, stride: number) => readonly LayerInput[],
  expansion: number,
  counts: readonly number[],
): readonly LayerInput[] {
  let channels = 64;
  const blocks = counts.flatMap((count, stage) =>
    Array.from({ length: count }, (_, k): LayerInput => {
      const filters = 64 * 2 ** stage;
      const stride = k === 0 && stage > 0 ? 2 : 1;
      const projects = stride !== 1 || channels !== expansion * filters;
      channels = expansion * filters;
      return {
        op: 'residual',
        body: body(filters, stride),
        shortcut: projects ? [conv(channels, 1, stride, 'none')] : [],
      };
    }),
  );
  return [
    conv(64, 7, 2, 'relu'),
    { op: 'maxPool', size: 3, stride: 2, padding: 1 },
    ...blocks,
    { op: 'globalPool', mode: 'avg' },
    { op: 'dense', units: 'classes' },
  ];
}

export const resnet18 = resnet(basicBody, 1, [2, 2, 2, 2]);
export const resnet50 = resnet(bottleneckBody, 4, [3, 4, 6, 3]);
export const resnet101 = resnet(bottleneckBody, 4, [3, 4, 23, 3]);
