/** Whether frames fit a network: their size, and their labels as its classes. */
import { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';

/** Refuses frames that the network cannot take. */
export function checkFrameSize(source: FrameSource, graph: FixedGraph): void {
  const [height, width] = inputNode(graph).size;
  if (source.height !== height || source.width !== width)
    throw new UserError(`frames of ${source.height}×${source.width}, the network takes ${height}×${width}`, {
      file: source.name,
      field: '--frames',
      remedy: 'give frames of the detector that the run was made for',
    });
}

/** Whether the frames are labelled by the network's own classes, not merely as hit or miss. */
export const labelledByClass = (source: FrameSource, graph: FixedGraph): boolean =>
  source.classNames !== null && source.classNames.join('\n') === graph.classNames.join('\n');

/** Labels as the network's classes: of its first hit or miss class where the frames say no more than that. */
export function labelsOf(source: FrameSource, graph: FixedGraph): number[] | null {
  const same = labelledByClass(source, graph);
  const labels = Array.from({ length: source.count }, (_, i) => {
    const { label, hit } = source.label(i);
    if (same && label !== null) return label;
    return hit === null ? null : graph.hitClasses.indexOf(hit);
  });
  return labels.every((l) => l !== null) ? labels : null;
}
