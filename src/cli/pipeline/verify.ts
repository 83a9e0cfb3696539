/** Stage 5: the interpreter against ONNX Runtime and the compiled C++, every integer. */
import type { FixedGraph } from '../../ir/graph.js';
import { describeDifference } from '../../verify/text.js';
import type { NamedFrame } from '../../verify/frames.js';
import type { Progress } from '../console.js';
import { verifyFolder, type VerificationRecord } from '../verification.js';

/** Verifies the ONNX file and the HLS project in the run folder `dir` on `frames`. */
export async function verifyStage(
  fixed: FixedGraph,
  dir: string,
  frames: readonly NamedFrame[],
  tensorFrames: number,
  progress: Progress,
): Promise<VerificationRecord> {
  progress.update(0, frames.length, 'compiling the C++');
  const apTypes = process.env['VETOC_AP_TYPES'];
  const verification = await verifyFolder(dir, fixed, frames, {
    witnesses: ['onnxruntime', 'csim', ...(apTypes === undefined ? [] : (['csim-vendor'] as const))],
    ...(apTypes === undefined ? {} : { apTypes }),
    tensorFrames,
    coverageFrames: tensorFrames,
    onProgress: (done) => {
      progress.update(done, frames.length, 'frames');
    },
  });
  const total = verification.witnesses.reduce((sum, w) => sum + w.mismatches, 0);
  const values = verification.witnesses.reduce((sum, w) => sum + w.values, 0);
  progress.finish(
    `${verification.verdict}: ${total} mismatches in ${values} integers on ${frames.length} frames` +
      verification.witnesses
        .map((w) => {
          if (w.skipped !== null) return `\n  ${w.witness} is missing: ${w.skipped}`;
          if (w.failed !== null) return `\n  ${w.witness} broke down: ${w.failed}`;
          return w.first === null ? '' : `\n  ${w.witness}:\n${describeDifference(w.first)}`;
        })
        .join(''),
  );
  return verification;
}
