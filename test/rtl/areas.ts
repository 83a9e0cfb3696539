/**
 * The estimate of the RTL's area beside the cells that Yosys makes of it, over eleven networks.
 *
 *     npm run area                     the table, from what Yosys said when it was last asked (areas.json)
 *     npm run area -- --synthesize     asks Yosys again (some minutes a network), and says what differs
 *     npm run area -- --renew          the same, and keeps the answers
 *     [--only demo,veto]
 *
 * The formulae were made looking at `demo` alone; what they give of the other ten, nobody had seen before they were written.
 * The exit code is 1 where a figure is outside of its bounds.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { areaOf, totalArea } from '../../src/backends/rtl/area/design.js';
import type { RtlDesign } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { sourcesOf, synthesize } from '../../src/backends/rtl/synthesis/synthesize.js';
import { findYosys } from '../../src/backends/rtl/synthesis/yosys.js';
import type { Resources } from '../../src/backends/hls/resources.js';
import { withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import { table } from '../../src/core/table.js';
import { zooNetwork } from '../hls/networks.js';
import { NAMED_NETWORKS } from './named-networks.js';
import { rtlDesign } from './project.js';
import { HALF_ROWS, rawNetwork } from './raw-networks.js';

const FILE = join(import.meta.dirname, 'areas.json');
export const KINDS = ['lut', 'ff', 'dsp', 'bram36'] as const;

const named = (name: string, size: number): Promise<RtlDesign> =>
  NAMED_NETWORKS.find((n) => n.name === name)!
    .make(size)
    .then((graph) => rtlDesign(graph));

/** Small frames: they change line buffers, and hardly how long Yosys takes. */
export const AREA_NETWORKS: Readonly<Record<string, () => Promise<RtlDesign>>> = {
  demo: () => named('demo', 128),
  veto: () => named('veto', 128),
  'veto-nano': () => named('veto-nano', 128),
  'veto-small': () => named('veto-small', 64),
  'veto-base': () => named('veto-base', 64),
  residual: () => named('residual', 32),
  depthwise: () => named('depthwise', 64),
  'all ops': () => Promise.resolve(rtlDesign(zooNetwork())),
  'all ops at 4 pixels': () => Promise.resolve(rtlDesign(zooNetwork(), { pixelsPerClock: 4 })),
  'half rows with a mean': () =>
    Promise.resolve(rtlDesign(rawNetwork('jungfrau', 8, { commonMode: HALF_ROWS }), { pixelsPerClock: 4 })),
  'reloadable nano': async () => {
    const graph = await NAMED_NETWORKS.find((n) => n.name === 'veto-nano')!.make(64);
    return rtlDesign(withReloadableWeights(graph), { pixelsPerClock: 2, link: { crc: true } });
  },
};

/** What Yosys said, by network. */
export type Measured = Readonly<Record<string, { readonly tool: string; readonly hash: string } & Resources>>;
export const measuredAreas = (): Measured => JSON.parse(readFileSync(FILE, 'utf8')) as Measured;

/** Within 30 %, or two blocks where there are fewer than eight. */
export const isNear = (estimated: number, measured: number): boolean =>
  measured < 8 ? Math.abs(estimated - measured) <= 2 : Math.abs(estimated - measured) <= 0.3 * measured;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      synthesize: { type: 'boolean', default: false },
      renew: { type: 'boolean', default: false },
    },
  });
  const names = values.only?.split(',') ?? Object.keys(AREA_NETWORKS);
  const rows: string[][] = [];
  let outside = 0;
  for (const name of names) {
    const make = AREA_NETWORKS[name];
    if (make === undefined)
      throw new Error(`--only ${name}: none of ${Object.keys(AREA_NETWORKS).join(', ')}`);
    const design = await make();
    const estimated = totalArea(areaOf(design));
    let measured = values.renew || values.synthesize ? undefined : measuredAreas()[name];
    if (values.renew || values.synthesize) {
      const { tool, hash, total } = await synthesize(
        design,
        sourcesOf(emitRtl(design), design.target),
        await findYosys(),
        () => undefined,
      );
      measured = { tool, hash, ...total };
      if (values.renew)
        writeFileSync(FILE, `${JSON.stringify({ ...measuredAreas(), [name]: measured }, null, 2)}\n`);
    }
    if (measured === undefined) throw new Error(`nobody has asked Yosys of ${name}: --renew --only ${name}`);
    const far = KINDS.filter((k) => !isNear(estimated[k], measured[k]));
    outside += far.length;
    rows.push([
      name,
      ...KINDS.map((k) => {
        const off = measured[k] === 0 ? '' : ` ${(100 * (estimated[k] / measured[k] - 1)).toFixed(0)} %`;
        return `${Math.round(estimated[k] * 2) / 2} / ${measured[k]}${off}`;
      }),
      far.length === 0 ? '' : `outside: ${far.join(', ')}`,
    ]);
    console.log(rows.at(-1)!.join('  '));
  }
  console.log(table(['estimate / Yosys', 'LUT', 'FF', 'DSP', 'BRAM36', ''], rows));
  process.exitCode = outside === 0 ? 0 : 1;
}

if (import.meta.filename === process.argv[1]) await main();
