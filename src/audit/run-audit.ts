/**
 * The audit itself: reference frames once, then every frame that has no row yet, block by block, then the windows.
 *
 * Blocks are cut at fixed frame numbers and always worked on whole, so that the arithmetic of a batch (float sums
 * may depend on its size) is the same whether the audit was interrupted or not. Memory holds the blocks in work.
 */
import type { GrowingLedger } from './ledger.js';
import type { FrameProcessor, ProcessedFrame } from './processor.js';
import { scoredFrame, scoreWindows, windowLength } from './drift.js';
import { liveLook, lookAt, type MeteredNight } from './meter.js';
import { createReference, featureDistance, NO_REFERENCE, type Reference } from './reference.js';
import type { FrameRow } from './rows.js';

/** Frames of a block. */
export const BLOCK_FRAMES = 32;

export interface ReferenceFrames {
  readonly processor: FrameProcessor;
  readonly indices: readonly number[];
}

export interface AuditProgress {
  readonly stage: 'reference' | 'frames';
  readonly done: number;
  readonly total: number;
}

export interface AuditOptions {
  readonly ledger: GrowingLedger;
  readonly processor: FrameProcessor;
  /** Opens the reference frames; called only when the ledger has none. Null: nothing to compare with. */
  readonly openReference: (() => Promise<ReferenceFrames>) | null;
  /** Gives the reference that all who work on the same audit take, where this one made one. */
  readonly settleReference?: (mine: Reference) => Promise<Reference>;
  readonly onProgress?: (progress: AuditProgress) => void;
  /** Told, as the audit grows, what the kept misses say of the hits lost; see meter.ts. */
  readonly onLook?: (night: MeteredNight) => void;
  /** The frames of this ledger, from the first frame of a block on; `to` is not among them. All unless given. */
  readonly range?: FrameRange;
  /** Aborted: blocks in work are finished and written, then the audit returns. */
  readonly signal?: AbortSignal;
}

export interface FrameRange {
  readonly from: number;
  readonly to: number;
}

export interface AuditOutcome {
  readonly finished: boolean;
  /** Frames that this sitting worked on. */
  readonly processed: number;
}

/** Brings the ledger to its end, from wherever it stands. */
export async function runAudit(options: AuditOptions): Promise<AuditOutcome> {
  const { ledger, signal } = options;
  const { count, blockFrames } = ledger.identity;
  const reference = await referenceOf(options);
  if (reference === null) return { finished: false, processed: 0 };
  const { from, to } = options.range ?? { from: 0, to: count };
  const blocks = missingBlocks(await ledger.done(from, to), from, blockFrames);
  const total = blocks.reduce((sum, block) => sum + block.length, 0);
  let processed = 0;
  let look = lookAt(count - total);
  await eachBlock(blocks, options.processor, signal, async (frames) => {
    await ledger.append(frames.map((one) => withDistance(one, reference)));
    processed += frames.length;
    options.onProgress?.({ stage: 'frames', done: processed, total });
    // A look is at all frames up to now: who has a range of them sees too little.
    const now = lookAt(count - total + processed);
    if (now <= look || options.range !== undefined) return;
    look = now;
    const night = await liveLook(ledger, now);
    if (night !== null) options.onLook?.(night);
  });
  if (processed < total) return { finished: false, processed };
  if (options.range === undefined && !(await ledger.finished())) await ledger.finish(await windowsOf(ledger));
  return { finished: true, processed };
}

/** The ledger's own, or else one that is made and put there; null where the audit is stopped before. */
async function referenceOf(options: AuditOptions): Promise<Reference | null> {
  const { ledger, settleReference = (mine) => Promise.resolve(mine) } = options;
  const known = await ledger.reference();
  if (known !== null) return known;
  const made = await makeReference(options);
  if (made === null) return null;
  const settled = await settleReference(made);
  await ledger.setReference(settled);
  return settled;
}

async function makeReference(options: AuditOptions): Promise<Reference | null> {
  const { openReference, signal } = options;
  if (openReference === null) return NO_REFERENCE;
  const { processor, indices } = await openReference();
  try {
    const blocks: number[][] = [];
    for (let at = 0; at < indices.length; at += BLOCK_FRAMES)
      blocks.push(indices.slice(at, at + BLOCK_FRAMES));
    const scored: ProcessedFrame[] = [];
    await eachBlock(blocks, processor, signal, (frames) => {
      scored.push(...frames);
      options.onProgress?.({ stage: 'reference', done: scored.length, total: indices.length });
    });
    if (scored.length < indices.length) return null;
    // Threads end in any order; the bank does not depend on it.
    scored.sort((a, b) => a.row.frame - b.row.frame);
    return createReference(
      scored.flatMap(({ row, features }) => (features === null ? [] : [{ row, features }])),
    );
  } finally {
    await processor.close();
  }
}

/** Blocks, at fixed frame numbers from `first` on, of which some frame has no row. They are written whole or not at all. */
function missingBlocks(done: Uint8Array, first: number, blockFrames: number): readonly (readonly number[])[] {
  const blocks: number[][] = [];
  for (let from = 0; from < done.length; from += blockFrames) {
    const to = Math.min(done.length, from + blockFrames);
    if (done.subarray(from, to).includes(0))
      blocks.push(Array.from({ length: to - from }, (_, k) => first + from + k));
  }
  return blocks;
}

async function eachBlock(
  blocks: readonly (readonly number[])[],
  processor: FrameProcessor,
  signal: AbortSignal | undefined,
  write: (frames: readonly ProcessedFrame[]) => Promise<void> | void,
): Promise<void> {
  let next = 0;
  let failed = false;
  async function lane(): Promise<void> {
    try {
      while (next < blocks.length && !failed && signal?.aborted !== true) {
        const block = blocks[next++]!;
        await write(await processor.process(block));
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, processor.parallel) }, lane));
}

function withDistance({ row, features }: ProcessedFrame, { bank }: Reference): FrameRow {
  if (bank === null || features === null) return row;
  return { ...row, distance: featureDistance(bank, features) };
}

/** Scores and shares of the frames that have their row, window by window. */
export async function windowsOf(ledger: GrowingLedger): Promise<ReturnType<typeof scoreWindows>> {
  const rows = await ledger.database.select('SELECT frame, score, keep FROM frame_rows ORDER BY frame');
  return scoreWindows(rows.map(scoredFrame), windowLength(ledger.identity.count));
}
