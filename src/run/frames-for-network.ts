/** Whether frames fit a network: their size, and their labels as its classes. */
import { UserError } from '../core/errors.js';
import { refuseAbsent } from '../data/absent-modules.js';
import type { FrameSource } from '../data/frames.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { modulesOf } from '../ir/modules.js';

/** Refuses frames that the network cannot take. */
export function checkFrameSize(source: FrameSource, graph: FixedGraph): void {
  const [height, width] = inputNode(graph).size;
  if (source.height !== height || source.width !== width)
    throw new UserError(`frames of ${source.height}×${source.width}, the network takes ${height}×${width}`, {
      file: source.name,
      field: '--frames',
      remedy: 'give frames of the detector that the run was made for',
    });
  if (modulesOf(graph) > 1) refuseAbsent(source.absent, source.name, 'the network has a front end for each');
}

/** Whether the frames are labelled by the network's own classes, not merely as hit or miss. */
export const labelledByClass = (source: FrameSource, graph: FixedGraph): boolean =>
  source.classNames !== null && source.classNames.join('\n') === graph.classNames.join('\n');

/** The frames whose kind is known, and their labels as classes of the network. */
export interface KnownLabels {
  /** Numbers of the frames in their source, ascending. */
  readonly indices: readonly number[];
  /** One a frame of `indices`: of the network's first hit or miss class where the frames say no more than that. */
  readonly labels: readonly number[];
}

/** Labels of those frames of `source` that have one; the others take no part in measures. */
export function knownLabels(source: FrameSource, graph: FixedGraph): KnownLabels {
  const same = labelledByClass(source, graph);
  const indices: number[] = [];
  const labels: number[] = [];
  for (let i = 0; i < source.count; i++) {
    const { label, hit } = source.label(i);
    const known = same && label !== null ? label : hit === null ? null : graph.hitClasses.indexOf(hit);
    if (known === null) continue;
    indices.push(i);
    labels.push(known);
  }
  return { indices, labels };
}

/** What is said of frames without a label; empty where all have one or none has. */
export function unknownText(source: FrameSource, { indices }: KnownLabels): string {
  const unknown = source.count - indices.length;
  if (unknown === 0 || indices.length === 0) return '';
  return `${unknown} of ${source.count} frames are neither hits nor misses for sure: the measures leave them out.`;
}
