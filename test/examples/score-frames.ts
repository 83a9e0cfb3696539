/** Scores of the frames of a file, by the network of a finished run. */
import { loadRun } from 'vetoc';
import { openFrames } from 'vetoc/data';
import { createOrtWitness } from 'vetoc/backends/onnx';
import { scoreFrames } from 'vetoc/simulate';

export interface FrameScore {
  readonly frame: number;
  /** In least significant bits of the logits. */
  readonly score: number;
  readonly keep: boolean;
}

/** One score a frame of `file`, by the run in the folder `run`. */
export async function scoreFile(run: string, file: string): Promise<readonly FrameScore[]> {
  const { fixed } = await loadRun(run);
  const source = await openFrames([file]);
  const witness = await createOrtWitness(fixed);
  try {
    const scores: FrameScore[] = [];
    const indices = Array.from({ length: source.count }, (_, i) => i);
    const asked = { indices, batch: 16, run: (pixels: readonly Uint16Array[]) => witness.run(pixels) };
    for await (const batch of scoreFrames(source, asked))
      for (const one of batch)
        if (one.kind === 'scored')
          scores.push({ frame: one.index, score: one.result.score, keep: one.result.keep });
    return scores;
  } finally {
    await witness.close();
    await source.close();
  }
}
