/**
 * What the streams of a plan are in hardware. Stages that act on one word at a time are registers between a process and
 * its reader, not processes: words pass them at a fixed rate. A fork is two links with credits of their own.
 */
import { invariant } from '../../core/errors.js';
import { isPointwise } from '../dataflow/folding.js';
import { isWeighted, type Plan, type Stage, type Stream } from '../dataflow/plan.js';

export const streamBits = (s: Stream): number => s.lanes * s.format.width;

/** Whether words pass `stage` without events of its own. */
export function passes(stage: Stage): boolean {
  switch (stage.kind) {
    case 'clamp':
    case 'lut':
    case 'mask':
    case 'requantize':
    case 'table':
    case 'fork':
      return true;
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'dense':
      return stage.adders !== undefined && !isWindowed(stage);
    case 'absorb':
    case 'receive':
    case 'receiveMaps':
    case 'calibrate':
    case 'commonMode':
    case 'loadWeights':
    case 'swapWeights':
    case 'crop':
    case 'bin':
    case 'contrast':
    case 'maxPool':
    case 'avgPool':
    case 'globalAvgPool':
    case 'globalMaxPool':
    case 'add':
    case 'multiply':
    case 'upsample':
    case 'concat':
    case 'repack':
    case 'decide':
      return false;
  }
}

/** Whether `stage` has a line buffer. */
export const isWindowed = (stage: Stage): boolean =>
  stage.kind === 'maxPool' ||
  stage.kind === 'avgPool' ||
  (isWeighted(stage) && stage.kind !== 'dense' && !isPointwise(stage.node));

/** Where the words of a stream end up: links, each so many cycles behind the stream. */
export interface End {
  readonly link: string;
  readonly after: number;
}

/** Who reads each stream. */
export const readers = (plan: Plan): ReadonlyMap<string, Stage> =>
  new Map(plan.stages.flatMap((s) => s.inputs.map((i) => [i.name, s] as const)));

/** The links behind `stream`; `passOf` are the cycles that words take through a stage without events. */
export function endsOf(
  stream: string,
  readerOf: ReadonlyMap<string, Stage>,
  passOf: (stage: Stage) => number,
): readonly End[] {
  const reader = readerOf.get(stream);
  invariant(reader !== undefined, `nothing reads ${stream}`);
  if (!passes(reader)) return [{ link: stream, after: 0 }];
  const pass = passOf(reader);
  return reader.outputs.flatMap((o) =>
    endsOf(o.name, readerOf, passOf).map(({ link, after }) => ({ link, after: after + pass })),
  );
}
