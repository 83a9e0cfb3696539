/** Stage 5: the interpreter against ONNX Runtime and the compiled C++, every integer. */
import type { FixedGraph } from '../../ir/graph.js';
import { createCsim } from '../../simulate/csim.js';
import { createInterpreter } from '../../simulate/interpret.js';
import { createOrtWitness } from '../../simulate/ort.js';
import { verify, type MissingWitness, type Verification } from '../../verify/verify.js';
import type { Witness } from '../../simulate/witness.js';
import type { Progress } from '../console.js';

/** Verifies `fixed` and the HLS project in `hlsFolder` on `frames`. */
export async function verifyStage(
  fixed: FixedGraph,
  hlsFolder: string,
  frames: readonly Uint16Array[],
  tensorFrames: number,
  progress: Progress,
): Promise<Verification> {
  progress.update(0, frames.length, 'compiling the C++');
  const witnesses: (Witness | MissingWitness)[] = [await createOrtWitness(fixed)];
  const csim = await createCsim(fixed, hlsFolder);
  witnesses.push(csim.kind === 'ready' ? csim.witness : { name: 'csim', reason: csim.reason });
  try {
    const verification = await verify(fixed, createInterpreter(fixed), witnesses, frames, {
      tensorFrames,
      onProgress: (done, total) => {
        progress.update(done, total, 'frames');
      },
    });
    const total = verification.witnesses.reduce((sum, w) => sum + w.mismatches, 0);
    const values = verification.witnesses.reduce((sum, w) => sum + w.values, 0);
    progress.finish(
      `${verification.verdict}: ${total} mismatches in ${values} integers on ${frames.length} frames` +
        verification.witnesses
          .map((w) =>
            w.skipped !== null
              ? `\n  ${w.witness} is missing: ${w.skipped}`
              : w.first === null
                ? ''
                : `\n  ${w.witness}: ${w.first.text}`,
          )
          .join(''),
    );
    return verification;
  } finally {
    for (const w of witnesses) if ('close' in w) await w.close();
  }
}
