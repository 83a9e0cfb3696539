/** A network of an ONNX file as firmware: import, quantize on frames, write the HLS project. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { designHls, emitDesign, loadFpga } from 'vetoc/backends/hls';
import { importNetwork, preprocessSchema } from 'vetoc/frontends';
import { calibrationSchema, quantizationSchema, quantizeNetwork } from 'vetoc/passes';

/** Writes the project of `model` into `out`; gives its widest accumulator and its files. */
export async function quantizeOnnx(
  model: string,
  out: string,
): Promise<{ readonly bits: number; readonly files: readonly string[] }> {
  const { graph } = await importNetwork({
    path: model,
    rawSize: [32, 32],
    preprocess: preprocessSchema.parse({ factor: 1 }),
    classes: () => ({ classNames: ['miss', 'hit'], hitClasses: [false, true] }),
  });
  // Any frames of the detector do; here four flat ones of growing brightness.
  const frames = [20, 200, 2000, 20_000].map((adu) => ({
    pixels: Uint16Array.from({ length: 32 * 32 }, (_, i) => adu + (i % 7)),
    spots: null,
  }));
  const { fixed } = await quantizeNetwork(graph, frames, {
    quantization: quantizationSchema.parse({ weightBits: 8, activationBits: 8 }),
    calibration: calibrationSchema.parse({ observer: 'min-max' }),
  });
  const project = emitDesign(designHls(fixed, { target: await loadFpga('kcu1500') }));
  for (const [path, text] of Object.entries(project)) {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await writeFile(join(out, path), text);
  }
  const bits = Math.max(...fixed.nodes.map((node) => ('proof' in node ? node.proof.accumulatorWidth : 0)));
  return { bits, files: Object.keys(project) };
}
