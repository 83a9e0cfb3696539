/** What the files of a run make of the frames that an explanation speaks of. */
import { join } from 'node:path';
import type { Run } from '../folder.js';
import { USUAL_WITNESSES, witnessOf } from '../witnesses.js';

/** A frame that an answer is about, and its score by the arithmetic that decided. */
export interface Counterfactual {
  readonly what: string;
  /** Whether the answer is that it is decided otherwise than the frame. */
  readonly turns: boolean;
  readonly pixels: Uint16Array;
  readonly score: number;
}

/** What an emitted form makes of the counterfactuals. */
export interface Replay {
  readonly witness: string;
  /** The frames that it was asked for. */
  readonly frames: readonly string[];
  /** Scores that are the same to the last bit, of all. */
  readonly same: number;
  readonly total: number;
  /** Why it was not asked; null where it was. */
  readonly missing: string | null;
}

/** Asks what the run emitted, the ONNX file and the compiled C++, for the same scores. */
export async function replay(run: Run, made: readonly Counterfactual[]): Promise<readonly Replay[]> {
  const replays: Replay[] = [];
  const frames = made.map(({ what }) => what);
  for (const name of made.length === 0 ? [] : USUAL_WITNESSES) {
    const { backend, record } = witnessOf(name);
    const request = {
      folder: join(run.dir, backend.folder),
      run: run.dir,
      fixed: run.fixed,
      providers: ['cpu'],
    } as const;
    for (const opened of await record.open(request)) {
      if ('reason' in opened) {
        replays.push({ witness: opened.name, frames, same: 0, total: made.length, missing: opened.reason });
        continue;
      }
      try {
        const answers = await opened.run(made.map(({ pixels }) => pixels));
        const same = answers.filter(({ score }, k) => score === made[k]!.score).length;
        replays.push({ witness: opened.name, frames, same, total: made.length, missing: null });
      } finally {
        await opened.close();
      }
    }
  }
  return replays;
}
