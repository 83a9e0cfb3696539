/**
 * Kernels of constants as adder graphs: ours beside those of alkaid for the same weights and bits, in look-up tables and registers
 * as Yosys counts them (`synth_xilinx -family xcup`, shift registers among the tables), with a register behind each addition on
 * both sides and the biases in both.
 *
 *     npm run bench:adders                   ten layers of the veto networks; cells as they were counted last (test/rtl/adders.json)
 *     npm run bench:adders -- --renew        asks alkaid (.ci/fetch-test-tools.sh) and Yosys again, and keeps the answers (half an hour)
 *     npm run bench:adders -- RUN...         the layers of finished runs, and which share of their weights is 0: by our model, and with
 *                                            --synthesize as Yosys counts them (out/demo beside what `vetoc quantize --prune` makes of it)
 *     [--only 'demo conv1,demo dense2', of runs --only conv1,conv2]
 *
 * alkaid is asked for four of its searches, each with the least levels, one and two more and no limit, and shown where it needs fewest
 * tables and where fewest levels. Its Verilog is cut into stages at every addition, its adders of three operands are not used:
 * Yosys has no cells of that kind. The exit code is 1 where ours takes more tables or more levels than alkaid's cheapest.
 */
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { adderModule } from '../../src/backends/rtl/adders.js';
import { parseStatistics, wholeCells } from '../../src/backends/rtl/synthesis/cells.js';
import { familyOf, resourcesOf } from '../../src/backends/rtl/synthesis/families.js';
import { findYosys } from '../../src/backends/rtl/synthesis/yosys.js';
import { table } from '../../src/core/table.js';
import { readGraph } from '../../src/ir/graph-files.js';
import { loadFpga } from '../../src/targets/load.js';
import {
  adderLayers,
  adderRecords,
  cheapestPoint,
  nameOf,
  ownAdders,
  RECORDS,
  tenLayers,
  type AdderLayer,
  type AdderRecord,
  type ModuleCells,
  type OwnAdders,
} from '../rtl/adder-layers.js';
import { testTool } from '../tools.js';

const yosys = await findYosys();
const family = familyOf(await loadFpga('zcu102'));

async function cellsOf(top: string, file: string, text: string): Promise<ModuleCells> {
  const script = `read_verilog -sv ${file}; ${family.synthesis(top)} -flatten; tee -q -o cells.json stat -json`;
  const [cells] = await yosys.run(script, { [file]: text }, ['cells.json'], () => undefined);
  const { lut, ff } = resourcesOf(wholeCells(top, parseStatistics(cells!)), family);
  return { lut, ff };
}

interface PeerAnswer {
  readonly version: string;
  readonly modules: string;
  readonly points: readonly {
    readonly setting: string;
    readonly levels: number;
    readonly additions: number;
    readonly top: string;
    readonly text: string;
  }[];
}

async function askPeer({ rows, bias, format }: AdderLayer): Promise<AdderRecord['alkaid']> {
  const python = testTool('alkaid');
  if (!existsSync(python)) throw new Error(`${python} is not there: .ci/fetch-test-tools.sh fetches it`);
  const script = join(import.meta.dirname, '..', 'rtl', 'adder_peer.py');
  const asked = JSON.stringify({ rows, bias, bits: format.width, signed: format.signed });
  const said = execFileSync(python, [script], { input: asked, maxBuffer: 1 << 30, encoding: 'utf8' });
  const { version, modules, points } = JSON.parse(said) as PeerAnswer;
  const measured = [];
  for (const { setting, levels, additions, top, text } of points)
    measured.push({ setting, levels, additions, ...(await cellsOf(top, `${top}.v`, `${modules}\n${text}`)) });
  return { version, points: measured };
}

const moduleText = ({ format, accumulatorWidth, bias }: AdderLayer, { graph }: OwnAdders): string =>
  adderModule('products', graph, format, accumulatorWidth, bias).text();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function measured(layer: AdderLayer, own: OwnAdders): Promise<AdderRecord> {
  const text = moduleText(layer, own);
  return {
    weights: layer.hash,
    alkaid: await askPeer(layer),
    own: { ...(await cellsOf('products', 'products.sv', text)), module: sha256(text) },
    yosys: yosys.version,
  };
}

const { values, positionals: runs } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    renew: { type: 'boolean', default: false },
    synthesize: { type: 'boolean', default: false },
  },
});
const only = values.only?.split(',');
const rows: string[][] = [];
let worse = 0;

const count = (n: number): string => Math.round(n).toLocaleString('en-US');
const figures = (...all: readonly number[]): string => all.map(count).join(' / ');

/** Name, weights and the share of them that is 0. */
function describe(layer: AdderLayer): string[] {
  const weights = layer.rows.flat();
  const zeros = weights.filter((w) => w === 0).length / weights.length;
  return [nameOf(layer), count(weights.length), `${Math.round(100 * zeros)} %`];
}

/** A row of one of the ten layers beside alkaid. */
async function beside(layer: AdderLayer): Promise<string[]> {
  const name = nameOf(layer);
  const own = ownAdders(layer);
  const record = (values.renew ? undefined : adderRecords()[name]) ?? (await measured(layer, own));
  if (values.renew)
    writeFileSync(RECORDS, `${JSON.stringify({ ...adderRecords(), [name]: record }, null, 2)}\n`);
  const same = record.weights === layer.hash && record.own.module === sha256(moduleText(layer, own));
  const cheapest = cheapestPoint(record);
  const quickest = record.alkaid.points.reduce((a, b) => (b.levels < a.levels ? b : a));
  const isWorse = record.own.lut > cheapest.lut || own.levels > quickest.levels;
  worse += Number(isWorse);
  const [{ lut, ff }, peers] = [record.own, [cheapest, quickest]];
  return [
    ...describe(layer),
    figures(own.additions, own.levels, lut, ff),
    ...peers.map((p) => figures(p.additions, p.levels, p.lut, p.ff)),
    `${isWorse ? 'worse' : ''}${same ? '' : ' changed since'}`,
  ];
}

if (runs.length === 0) {
  for (const layer of await tenLayers())
    if (only?.includes(nameOf(layer)) !== false) rows.push(await beside(layer));
  const head = ['layer', 'weights', 'of them 0', 'ours', "alkaid's cheapest", 'its quickest', ''];
  console.log('Additions / cycles / LUT / FF');
  console.log(table(head, rows));
} else {
  for (const run of runs)
    for (const layer of adderLayers(basename(run), await readGraph(join(run, 'fixed.json'), 'fixed'))) {
      if (only?.includes(layer.layer) === false) continue;
      const own = ownAdders(layer);
      const { additions, levels, tables } = own;
      const row = [...describe(layer), count(additions), `${levels}`, count(tables)];
      if (values.synthesize) {
        const { lut, ff } = await cellsOf('products', 'products.sv', moduleText(layer, own));
        row.push(count(lut), count(ff));
      }
      rows.push(row);
      console.log(row.join('  '));
    }
  const head = ['layer', 'weights', 'of them 0', 'additions', 'cycles', 'LUT, by the model'];
  console.log(table([...head, ...(values.synthesize ? ['LUT', 'FF'] : [])], rows));
}
process.exitCode = worse === 0 ? 0 : 1;
