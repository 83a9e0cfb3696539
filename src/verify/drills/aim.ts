/** What a drill is for, element by element. */
import type { NodeId } from '../../ir/common.js';

/** An element that a drill aims at, in words. */
export interface Aim {
  readonly stage: NodeId;
  readonly y: number;
  readonly x: number;
  readonly channel: number;
  readonly text: string;
}
