/** The line buffer in front of whatever looks at windows of an image. */
import type { Shape, Window } from '../../../ir/common.js';
import type { Events } from '../../dataflow/dataflow.js';
import { neededWalk, windowEvents } from '../../dataflow/events.js';
import type { Stage, Stream } from '../../dataflow/plan.js';
import { streamBits } from '../flow.js';
import type { Instance } from '../sv.js';
import { CLOCK, input, reads } from './common.js';

/** Lines of more words stand in block RAM. */
const BLOCK_LINE_WORDS = 64;

/** Words of the memory of a line buffer: the columns that it walks over. */
export function lineWords(window: Window, shape: Shape, groups: number): number {
  const [, columns] = neededWalk(window, shape);
  return (columns.end - columns.first) * groups;
}

/** The events of the line buffer behind `from`. */
export const walkEvents = (window: Window, from: Stream): Events =>
  windowEvents(window, from.shape, from.lanes, neededWalk(window, from.shape));

/** The line buffer of a stage; `ports` are those behind it. */
export function windowInstance(
  stage: Stage,
  window: Window,
  padding: string,
  ports: Readonly<Record<string, string>>,
): Instance {
  const from = input(stage);
  const groups = from.shape[2] / from.lanes;
  const [top, left, bottom, right] = window.padding;
  return {
    module: 'vetoc_window',
    name: `${stage.name}_window`,
    parameters: {
      W: streamBits(from),
      KH: window.kernel[0],
      KW: window.kernel[1],
      SY: window.strides[0],
      SX: window.strides[1],
      TOP: top,
      LEFT: left,
      BOTTOM: bottom,
      RIGHT: right,
      HEIGHT: from.shape[0],
      WIDTH: from.shape[1],
      GROUPS: groups,
      BLOCK: Number(lineWords(window, from.shape, groups) > BLOCK_LINE_WORDS),
      PADDING: padding,
    },
    ports: { ...CLOCK, ...reads(from.name), ...ports },
  };
}

export const windowBits = (window: Window, from: Stream): number =>
  window.kernel[0] * window.kernel[1] * streamBits(from);

/** A word of zeros. */
export const ZERO = "'0";
