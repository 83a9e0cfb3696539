/** Decisions as European XFEL's extra-redu writes them, read back by EXtra-data and extra-redu themselves. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { writeKeptExdf } from '../../src/data/write/kept-exdf.js';
import { UNREADABLE } from '../../src/data/write/score-journal.js';
import { isMissing, testTool } from '../tools.js';

const PYTHON = testTool('exfel');
const missing = isMissing(PYTHON);

const folder = mkdtempSync(join(tmpdir(), 'vetoc-exdf-'));
/** Two trains of three and two pulses, the later one first. */
const EVENTS = [[11, 0], [11, 4], [10, 0], [10, 4], [10, 8]] as const; // prettier-ignore
const SCORES = Int32Array.of(-7, 5, 90, UNREADABLE, 4);

const source = (facts: boolean): ReturnType<typeof framesFromArrays> => ({
  ...framesFromArrays({
    name: 'r0007',
    height: 1,
    width: 1,
    frames: EVENTS.map(() => Uint16Array.of(0)),
    meta: EVENTS.map(([trainId, pulseId]) => (facts ? { trainId, pulseId } : {})),
  }),
  frameShape: [16, 512, 128],
  origin: (index) => ({
    file: 'CORR-R0007-AGIPD00-S00000.h5',
    index,
    dataset: '/INSTRUMENT/SPB_DET_AGIPD1M-1/DET/0CH0:xtdf/image/data',
  }),
});

const SCRIPT = `
import json, sys
from extra_data import RunDirectory
from extra_redu.spi import SpiHitfinder
run = RunDirectory(sys.argv[1])
name = 'SPB_DET_AGIPD1M-1/REDU/SPI_HITFINDER'
out = run[name + ':output']
read = {key: out['data.' + key].ndarray().tolist() for key in ('trainId', 'pulseId', 'hitscore', 'hitFlag', 'missFlag', 'dataFlag')}
finder = SpiHitfinder.from_datacollection(run, name)
again = SpiHitfinder.from_datacollection(run, name)
again._compute_threshold()
import numpy as np
again.good_mask = np.ones(len(again.hitscore), bool)
again._select_hits()
print(json.dumps({'read': read, 'trains': [int(t) for t in run.train_ids], 'counts': out['data.hitFlag'].data_counts().tolist(),
  'mode': finder.mode, 'modules': len(finder.modules), 'hits': finder.hit_mask.tolist(), 'kept': finder.data_mask.tolist(),
  'byThreshold': again.hit_mask.tolist()}))
`;

describe('decisions as extra-redu writes them', () => {
  it.skipIf(missing)(
    'are read by EXtra-data and extra-redu: by train and pulse, kept from the threshold on',
    async () => {
      await writeKeptExdf(join(folder, 'CORR-R0007-REDU00-S00000.h5'), {
        source: source(true),
        scores: SCORES,
        threshold: 5,
        // Train 10, pulse 8.
        byPrescale: new Set([4]),
        prescale: 2,
      });
      const done = spawnSync(PYTHON, ['-c', SCRIPT, folder], { encoding: 'utf8' });
      expect(done.stderr.split('\n').filter((line) => /Error/.test(line))).toEqual([]);
      const hits = [true, false, false, false, true];
      expect(JSON.parse(done.stdout)).toEqual({
        read: {
          trainId: [10, 10, 10, 11, 11],
          pulseId: [0, 4, 8, 0, 4],
          hitscore: [90, UNREADABLE, 4, -7, 5],
          hitFlag: [1, 0, 0, 0, 1],
          missFlag: [0, 0, 1, 0, 0],
          dataFlag: [1, 0, 1, 0, 1],
        },
        trains: [10, 11],
        counts: [3, 2],
        mode: 'fixed',
        modules: 16,
        hits,
        kept: [true, false, true, false, true],
        byThreshold: hits,
      });
    },
  );

  it('need the train and the pulse of every frame', async () => {
    const path = join(folder, 'refused.h5');
    await expect(
      writeKeptExdf(path, {
        source: source(false),
        scores: SCORES,
        threshold: 5,
        byPrescale: new Set(),
        prescale: 0,
      }),
    ).rejects.toThrow(/--exdf: frame 0 has no trainId and pulseId/);
    expect(existsSync(path)).toBe(false);
  });
});
