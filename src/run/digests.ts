/** Which networks decided about which frames, as short digests: what tells one piece of work from another. */
import { createHash } from 'node:crypto';
import type { FrameSource } from '../data/frames.js';
import type { FixedGraph, FloatGraph } from '../ir/graph.js';
import { serializeGraph } from '../ir/serialize.js';

/** Which networks decided. */
export function networkDigest(fixed: FixedGraph, float: FloatGraph): string {
  const hash = createHash('sha256');
  const { json, bin } = serializeGraph('fixed', fixed);
  for (const part of [json, bin, serializeGraph('float', float).bin]) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}

/** Which frames in which order: the base names of their files and the numbers in them. */
export function framesDigest(source: FrameSource): string {
  const hash = createHash('sha256');
  for (let index = 0; index < source.count; index++) {
    const origin = source.origin(index);
    hash.update(`${origin.file.split('/').at(-1)!}\0${origin.index}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
