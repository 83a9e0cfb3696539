/** Quantus 0.6 (Hedström et al., JMLR 2023) measures the same maps: pointing game, area under the ROC curve, rank correlation. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import type { EvidenceMap } from '../../src/explain/grad-cam.js';
import { correlation, localization } from '../../src/explain/measures.js';
import { sharedOut } from '../../src/explain/seen-part.js';
import { nodeId } from '../../src/ir/common.js';
import { isMissing, testTool } from '../tools.js';

const PYTHON = testTool('quantus');
const missing = isMissing(PYTHON);

const [HEIGHT, WIDTH, MAPS] = [9, 12, 60];

const SCRIPT = `
import json, sys
import numpy as np
import quantus
from quantus.functions.similarity_func import correlation_spearman
asked = json.load(sys.stdin)
shape = (len(asked['maps']), 1, asked['height'], asked['width'])
maps = np.array(asked['maps']).reshape(shape)
cells = np.array(asked['cells']).reshape(shape)
given = dict(model=None, x_batch=np.zeros(shape), y_batch=np.zeros(shape[0], int), a_batch=maps, s_batch=cells, channel_first=True)
how = dict(abs=False, normalise=False, disable_warnings=True)
print(json.dumps({
  'pointing': [bool(one) for one in quantus.PointingGame(**how)(**given)],
  'auc': [float(one) for one in quantus.AUC(**how)(**given)],
  'correlation': [float(correlation_spearman(a.ravel(), b.ravel())) for a, b in zip(maps, maps[1:])],
}))
`;

interface Figures {
  readonly pointing: readonly boolean[];
  readonly auc: readonly number[];
  readonly correlation: readonly number[];
}

/** Maps of many equal values, as those behind a ReLU are, with one that is the largest, and one to five spots each. */
const cases = Array.from({ length: MAPS }, (_, seed) => {
  const random = createRandom(seed);
  const values = Float32Array.from({ length: HEIGHT * WIDTH }, () => Math.max(0, random.integer(-4, 9)));
  const spots = Array.from({ length: random.integer(1, 5) }, () => [random.integer(0, HEIGHT - 1), random.integer(0, WIDTH - 1)] as const); // prettier-ignore
  const [y, x] = seed % 2 === 0 ? spots[0]! : [random.integer(0, HEIGHT - 1), random.integer(0, WIDTH - 1)];
  values[y * WIDTH + x] = 20;
  const map: EvidenceMap = { layer: nodeId('conv1'), size: [HEIGHT, WIDTH], values, target: 0 };
  return { map, spots };
});

describe.skipIf(missing)('the measures of maps (needs .ci/fetch-test-tools.sh)', () => {
  it('are those of Quantus', () => {
    const asked = {
      height: HEIGHT,
      width: WIDTH,
      maps: cases.map(({ map }) => [...map.values]),
      cells: cases.map(({ spots }) => {
        const cells = new Array<number>(HEIGHT * WIDTH).fill(0);
        for (const [y, x] of spots) cells[y * WIDTH + x] = 1;
        return cells;
      }),
    };
    const done = spawnSync(PYTHON, ['-c', SCRIPT], { input: JSON.stringify(asked), encoding: 'utf8' });
    expect(done.status, done.stderr).toBe(0);
    const theirs = JSON.parse(done.stdout.trimEnd().split('\n').at(-1)!) as Figures;
    const seen = sharedOut({ offset: [0, 0], size: [4 * HEIGHT, 4 * WIDTH] });
    // A cell of the map stands for 4 × 4 raw pixels.
    const ours = cases.map(({ map, spots }) =>
      localization(map, spots.map(([y, x]) => ({ y: 4 * y + 1, x: 4 * x + 2, intensity: 1, snr: 9 })), seen),
    ); // prettier-ignore
    expect(ours.map(({ pointing }) => pointing)).toEqual(theirs.pointing);
    expect(new Set(theirs.pointing).size).toBe(2);
    ours.forEach(({ auc }, k) => {
      expect(auc).toBeCloseTo(theirs.auc[k]!, 12);
    });
    theirs.correlation.forEach((rank, k) => {
      expect(correlation(cases[k]!.map, cases[k + 1]!.map)).toBeCloseTo(rank, 12);
    });
  });
});
