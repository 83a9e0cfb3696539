/** Scoring a long series with a trained network, so that it can be killed at any time and goes on where it was. */
import { createHash } from 'node:crypto';
import type { BadFrame } from '../../data/stream.js';
import type { FrameSource } from '../../data/frames.js';
import { UNREADABLE, type JournalKey, type ScoreJournal } from '../../data/write/score-journal.js';
import { veto, type FixedGraph } from '../../ir/graph.js';
import { serializeGraph } from '../../ir/serialize.js';
import { createOrtWitness } from '../../backends/onnx/ort/witness.js';
import { scoreFrames } from '../../simulate/score-frames.js';
import type { Progress } from '../events.js';
import { checkFrameSize } from '../frames-for-network.js';
import { BATCH } from './score.js';

/** A network by its arithmetic: the threshold and the names do not count. */
export function networkHash(graph: FixedGraph): string {
  const { json, bin } = serializeGraph('fixed', { ...graph, threshold: 0 });
  return createHash('sha256').update(json).update(bin).digest('hex').slice(0, 16);
}

/** What a journal of scores belongs to. */
export function journalKey(graph: FixedGraph, source: FrameSource, asked: string): JournalKey {
  const last = source.origin(source.count - 1);
  return {
    vetoc: 'scores 1',
    network: networkHash(graph),
    frames: source.count,
    height: source.height,
    width: source.width,
    last: `${last.file}//${last.index}`,
    asked,
  };
}

/**
 * Scores what the journal does not hold yet, a batch at a time; a failed read is thrown after the scores before it are
 * safe, or, with `onBad`, told and marked. Returns the number of frames scored here.
 */
export async function scoreSeries(
  graph: FixedGraph,
  source: FrameSource,
  journal: ScoreJournal,
  onBad: ((bad: BadFrame) => void) | null,
  progress: Progress,
): Promise<number> {
  const before = journal.scores.length;
  const total = source.count - before;
  if (total === 0) return 0;
  checkFrameSize(source, graph);
  const indices = Array.from({ length: total }, (_, i) => before + i);
  const witness = await createOrtWitness(graph, {});
  const run = (pixels: readonly Uint16Array[]) => witness.run(pixels);
  let done = 0;
  try {
    for await (const scored of scoreFrames(source, {
      indices,
      batch: BATCH,
      run,
      passOver: onBad !== null,
    })) {
      for (const one of scored) if (one.kind === 'bad') onBad?.(one.bad);
      await journal.append(
        scored.map((one) => (one.kind === 'bad' ? UNREADABLE : veto(one.result.logits, graph.hitClasses))),
      );
      done += scored.length;
      progress.update(done, total, { of: 'frames', isTimed: true });
    }
    return total;
  } finally {
    await witness.close();
  }
}
