/** A model of the tests imported as a user would, and held against ONNX Runtime on the file. */
import { writeFile } from 'node:fs/promises';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { importOnnx, type ImportedOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { compareWithOriginal, comparisonFrames } from '../../src/frontends/original/compare.js';
import { openOrtOriginal } from '../../src/frontends/original/onnx.js';
import { SIDE } from './patterns.js';

/** Frames of `SIDE` × `SIDE` as they are; up to three classes, of which the first is the miss. */
export const importWritten = (bytes: Uint8Array, path = 'model.onnx'): ImportedOnnx =>
  importOnnx(
    readOnnxModel(bytes, path),
    {
      name: 'written',
      preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1 }), [SIDE, SIDE]),
      classes: (logits) => ({
        classNames: ['miss', 'weak', 'hit'].slice(-logits),
        hitClasses: [false, true, true].slice(0, logits),
      }),
    },
    () => {
      throw new Error('no external data here');
    },
  );

/** Writes `bytes` to `path`, imports them, and compares with ONNX Runtime on the file. */
export async function compareWritten(bytes: Uint8Array, path: string) {
  await writeFile(path, bytes);
  const imported = importWritten(bytes, path);
  const original = await openOrtOriginal(imported, path);
  try {
    return await compareWithOriginal(imported, original, comparisonFrames(imported.graph, 2));
  } finally {
    await original.close();
  }
}
