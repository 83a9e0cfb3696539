/** The local page on a small invented audit: six frames of 40×36, the sample network, hostile names. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger, openLedgerForAudit, type Ledger } from '../../src/audit/ledger.js';
import { createReference } from '../../src/audit/reference.js';
import { startEvidenceMaker } from '../../src/audit/view/evidence-thread.js';
import { createInspector } from '../../src/audit/view/inspector.js';
import { serveView, type ViewServer } from '../../src/audit/view/serve.js';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { createFrameSpotFinder } from '../../src/spotfind/finder.js';
import { NOTHING_STATED } from '../../src/spotfind/geometry.js';
import { parseSpotParameters } from '../../src/spotfind/parameters.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { sampleIdentity, sampleRow } from './sample-rows.js';

export const HOSTILE =
  '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\'"&\u202E\u001b[2J.h5';
export const NOW = '2026-01-02T03:04:05.000Z';
const [HEIGHT, WIDTH] = [40, 36];

export interface SampleView {
  readonly ledger: Ledger;
  readonly server: ViewServer;
  readonly defects: readonly unknown[];
  close(): Promise<void>;
}

const ROWS = [
  sampleRow(0, { file: HOSTILE, keep: false, score: -37, margin: -25, marginBits: 5, spots: 0, strongestSnr: null, hit: false, floatKeep: false }),
  sampleRow(1, { keep: false, score: 3, margin: -7, marginBits: 3, spots: 30, hit: true, floatKeep: true }),
  sampleRow(2, { score: 90, margin: 80, marginBits: 7, spots: 25, hit: true }),
  sampleRow(3, { score: 12, margin: 2, marginBits: 2, spots: 4, hit: false, className: HOSTILE, time: HOSTILE }),
  sampleRow(4, { score: null, margin: null, marginBits: null, floatScore: null, floatKeep: null, spots: null, strongestSnr: null, className: null, problem: HOSTILE }),
  sampleRow(5, { keep: false, score: -80, margin: -90, marginBits: 7, spots: 1, hit: false, floatKeep: false }),
]; // prettier-ignore

export async function startSampleView(): Promise<SampleView> {
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-view-'));
  const growing = await openLedgerForAudit(folder, { ...sampleIdentity(ROWS.length), height: HEIGHT, width: WIDTH, threshold: 10 }); // prettier-ignore
  await growing.setReference(createReference([]));
  await growing.append(ROWS);
  await growing.close();
  const ledger = await openLedger(folder);
  const fixed = sampleFixedGraph();
  const evidence = startEvidenceMaker({ fixed, float: dequantize(fixed) });
  const frames = sampleFrames(ROWS.length, HEIGHT * WIDTH, 3);
  const mask = new Uint8Array(HEIGHT * WIDTH).fill(1).fill(0, 0, WIDTH);
  const scale = { wavelength: 1.3, distance_mm: 5, pixel_mm: 0.1 };
  const source = framesFromArrays({
    height: HEIGHT,
    width: WIDTH,
    frames,
    masks: mask,
    meta: frames.map(() => ({ beam_x: 18, beam_y: 20, ...scale })),
  });
  const find = createFrameSpotFinder(parseSpotParameters('peakfinder8', []));
  const inspector = createInspector({ source, find, stated: NOTHING_STATED, panelled: false, evidence });
  const defects: unknown[] = [];
  const server = await serveView(
    { ledger, inspector, now: () => NOW },
    { address: '127.0.0.1', port: 0, onDefect: (error) => defects.push(error) },
  );
  return {
    ledger,
    server,
    defects,
    async close() {
      await server.close();
      evidence.close();
      await ledger.close();
      rmSync(folder, { recursive: true });
    },
  };
}
