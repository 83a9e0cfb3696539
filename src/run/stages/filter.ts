/** Scoring a long series with a trained network, so that it can be killed at any time and goes on where it was. */
import { createHash } from 'node:crypto';
import { UserError } from '../../core/errors.js';
import type { BadFrame } from '../../data/stream.js';
import type { FrameSource } from '../../data/frames.js';
import { UNREADABLE, type JournalKey, type ScoreJournal } from '../../data/write/score-journal.js';
import { inputNode, veto, type FixedGraph } from '../../ir/graph.js';
import { serializeGraph } from '../../ir/serialize.js';
import { createOrtWitness } from '../../simulate/ort.js';
import type { Witness } from '../../simulate/witness.js';
import type { Progress } from '../events.js';

const BATCH = 32;

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

interface Batch {
  /** One per frame; null where it could not be read. */
  readonly pixels: readonly (Uint16Array | null)[];
}

/** Reads frames `from`…; a bad frame is reported and null, or thrown where `onBad` is absent. */
async function readBatch(
  source: FrameSource,
  from: number,
  onBad: ((bad: BadFrame) => void) | null,
): Promise<Batch> {
  const indices = Array.from({ length: Math.min(BATCH, source.count - from) }, (_, i) => from + i);
  // All at once: a source with reading threads keeps them busy. A failure is a value until its turn comes.
  const outcomes = await Promise.all(
    indices.map((index) =>
      source.read(index).then(
        ({ pixels }) => ({ pixels }),
        (error: unknown) => ({ error }),
      ),
    ),
  );
  const pixels = outcomes.map((outcome, i) => {
    if ('pixels' in outcome) return outcome.pixels;
    if (onBad === null || !(outcome.error instanceof UserError)) throw outcome.error;
    const { file, index } = source.origin(indices[i]!);
    onBad({ file, index, problem: outcome.error.problem });
    return null;
  });
  return { pixels };
}

async function scoreBatch(witness: Witness, graph: FixedGraph, batch: Batch): Promise<number[]> {
  const good = batch.pixels.filter((pixels) => pixels !== null);
  const results = good.length === 0 ? [] : await witness.run(good);
  let at = 0;
  return batch.pixels.map((pixels) =>
    pixels === null ? UNREADABLE : veto(results[at++]!.logits, graph.hitClasses),
  );
}

/**
 * Scores what the journal does not hold yet; the next batch is read while this one is computed. Returns the number of
 * frames scored here.
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
  const [height, width] = inputNode(graph).size;
  if (source.height !== height || source.width !== width) {
    throw new UserError(`frames of ${source.height}×${source.width}, the network takes ${height}×${width}`, {
      file: source.name,
      field: '--frames',
      remedy: 'give frames of the detector that the run was made for',
    });
  }
  const witness = await createOrtWitness(graph, {});
  const started = performance.now();
  try {
    let next = readBatch(source, before, onBad);
    for (let done = 0; done < total;) {
      const batch = await next;
      const scoring = scoreBatch(witness, graph, batch);
      const after = done + batch.pixels.length;
      next = after < total ? readBatch(source, before + after, onBad) : Promise.resolve({ pixels: [] });
      // A failed read ahead is thrown in its turn, after the scores before it are safe.
      next.catch(() => undefined);
      await journal.append(await scoring);
      done = after;
      const rate = (1000 * done) / (performance.now() - started);
      progress.update(done, total, `frames, ${rate.toFixed(0)} frames/s`);
    }
    return total;
  } finally {
    await witness.close();
  }
}
