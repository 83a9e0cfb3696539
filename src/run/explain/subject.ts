/** What an explanation is about: the frame, the class, the layer, as a command names them. */
import { UserError } from '../../core/errors.js';
import type { Frame, FrameSource } from '../../data/frames.js';
import { defaultLayer, type Explainer, type Target } from '../../explain/grad-cam.js';
import { nodeIdSchema, type NodeId } from '../../ir/common.js';
import type { FixedGraph } from '../../ir/graph.js';
import type { Emit } from '../events.js';
import { checkFrameSize } from '../frames-for-network.js';
import { openFrameArguments } from '../open-frames.js';
import type { FrameOptionValues } from '../frame-options.js';

/** A frame that was read, and what its file says of it. */
export interface SubjectFrame {
  readonly frame: Frame;
  readonly index: number;
  /** Name of its true class; null where it has no label. */
  readonly truth: string | null;
  readonly meta: ReturnType<FrameSource['meta']>;
}

/** `FILE#N`: the frame's number stands after the last `#`. */
function splitFrame(argument: string): { readonly file: string; readonly index: number } {
  const match = /^(.+)#(\d+)$/.exec(argument);
  if (match === null)
    throw new UserError(`"${argument}" names no frame`, {
      field: '--frame',
      remedy: 'give FILE#NUMBER, the first frame is 0',
    });
  return { file: match[1]!, index: Number(match[2]) };
}

/** Reads the frame `FILE#N`. Throws `UserError` where there is none, or one of another size than the network's. */
export async function readSubject(
  argument: string,
  options: FrameOptionValues,
  fixed: FixedGraph,
  emit: Emit,
): Promise<SubjectFrame> {
  const { file, index } = splitFrame(argument);
  const { source } = await openFrameArguments([file], options, emit);
  try {
    checkFrameSize(source, fixed);
    if (index >= source.count)
      throw new UserError(`has ${source.count} frames, there is no frame ${index}`, {
        file,
        field: '--frame',
        remedy: `give a number up to ${source.count - 1}`,
      });
    const { label } = source.label(index);
    return {
      frame: await source.read(index),
      index,
      truth: label === null ? null : (source.classNames?.[label] ?? String(label)),
      meta: source.meta(index),
    };
  } finally {
    await source.close();
  }
}

export function targetOf(name: string, graph: FixedGraph, keep: boolean): Target {
  if (name === 'decision') return { kind: keep ? 'hit' : 'miss' };
  if (name === 'hit' || name === 'miss') return { kind: name };
  const index = graph.classNames.findIndex((c) => c.toLowerCase() === name.toLowerCase());
  if (index >= 0) return { kind: 'class', index };
  throw new UserError(`there is no class "${name}"`, {
    field: '--class',
    remedy: `use decision, hit, miss or one of ${graph.classNames.join(', ')}`,
  });
}

/** What a target is called in pictures. */
export const targetWords = (target: Target, graph: FixedGraph): string =>
  target.kind === 'class' ? `class ${graph.classNames[target.index]!}` : `the decision for ${target.kind}`;

export function layerOf(explainer: Explainer, name: string | undefined): NodeId {
  if (name === undefined) return defaultLayer(explainer);
  const parsed = nodeIdSchema.safeParse(name);
  if (parsed.success && explainer.layers.includes(parsed.data)) return parsed.data;
  throw new UserError(`there is no map at layer ${name}`, {
    field: '--layer',
    remedy: `choose one of ${explainer.layers.join(', ')}`,
  });
}
