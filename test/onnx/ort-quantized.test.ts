/** Files of ONNX Runtime's own static quantizer, whose scales are no powers of two: equal in float, named by layer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importNetwork } from '../../src/frontends/import-network.js';
import { preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { HLS4ML_PYTHON, hls4mlMissing, runPython } from './official.js';

const MODELS = { 'cnn-dynamo': 32, resnet18: 64, keras: 32 } as const;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-ort-quantized-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(hls4mlMissing !== null)(
  `ONNX Runtime’s static quantizer${hls4mlMissing ? ` (${hls4mlMissing})` : ''}`,
  () => {
    it.each(Object.entries(MODELS))(
      'writes files of %s that are imported as they compute',
      async (name, side) => {
        const model = fileURLToPath(new URL(`models/${name}.onnx`, import.meta.url));
        const ways = JSON.parse(
          await runPython('quantize.py', '', [model, folder], HLS4ML_PYTHON),
        ) as string[];
        expect(ways.length).toBe(4);
        for (const way of ways) {
          const { comparison, stated, graph } = await importNetwork({
            path: join(folder, `${way}.onnx`),
            rawSize: [side, side],
            preprocess: preprocessSchema.parse({ factor: 1 }),
            classes: (logits) => ({
              classNames: ['empty', 'weak', 'strong'].slice(0, logits),
              hitClasses: [false, true, true].slice(0, logits),
            }),
          });
          expect(comparison!.magnitude, way).toBeGreaterThan(0.05);
          expect(comparison!.difference, way).toBeLessThanOrEqual(
            comparison!.allowed * comparison!.magnitude,
          );
          expect(Object.keys(graph.quantizers!).length, way).toBeGreaterThan(8);
          expect(stated!.tensors, way).toBeGreaterThan(8);
          expect(stated!.isWhole, way).toBe(false);
          expect(
            stated!.departures.some(({ why }) => why.includes('no power of two')),
            way,
          ).toBe(true);
        }
      },
    );
  },
);
