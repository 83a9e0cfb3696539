/**
 * A bitstream of veto-nano for the board ULX3S, by the rules of its own project, for a person with the board to load.
 *
 *     npm run bitstream -- [FOLDER] [--network veto-nano] [--size N] [--clock MHZ]
 *
 * FOLDER (out/ulx3s unless given) then holds the project with `build/ulx3s.bit`; its README says how it is loaded and spoken to.
 * Weights are the initial ones of the recipe `veto`; `vetoc export rtl RUN --target ulx3s` writes the same project of a trained run.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { designRtl } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { rtlGolden } from '../../src/backends/rtl/golden.js';
import { inputNode } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { runProcess } from '../../src/simulate/process.js';
import { loadFpga } from '../../src/targets/load.js';
import { writeFiles } from '../hls/project.js';
import { sampleFrames } from '../sample-graphs.js';
import { testTool } from '../tools.js';
import { NAMED_NETWORKS } from './named-networks.js';
import { NEXTPNR, parsePlaced } from './nextpnr.js';

/** Golden frames, for `make check-ulx3s` and for the board itself. */
const FRAMES = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    network: { type: 'string', default: 'veto-nano' },
    size: { type: 'string' },
    clock: { type: 'string' },
  },
});
const folder = positionals[0] ?? join('out', 'ulx3s');
const named = NAMED_NETWORKS.find(({ name }) => name === values.network);
if (named === undefined)
  throw new Error(
    `--network ${values.network}: none of ${NAMED_NETWORKS.map(({ name }) => name).join(', ')}`,
  );
if (existsSync(folder)) throw new Error(`${folder} is there already: name another folder, or remove it`);
if (!existsSync(NEXTPNR)) throw new Error(`${NEXTPNR} is not there: .ci/fetch-test-tools.sh fetches it`);

const graph = await named.make(values.size === undefined ? undefined : Number(values.size));
const [height, width] = inputNode(graph).size;
const design = designRtl(graph, {
  target: await loadFpga('ulx3s'),
  ...(values.clock === undefined ? {} : { clockMHz: Number(values.clock) }),
});
writeFiles(folder, {
  ...emitRtl(design),
  ...rtlGolden(design, sampleFrames(FRAMES, height * width, 4), (network, frame) =>
    interpret(network, frame, true),
  ),
});
console.log(`${values.network}, ${height} × ${width}, ${design.clockMHz} MHz: make bitstream in ${folder} …`);
const made = await runProcess(
  'make',
  ['bitstream', `NEXTPNR=${NEXTPNR}`, `ECPPACK=${testTool('nextpnr', 'yowasp-ecppack')}`],
  { cwd: folder, timeoutSeconds: 3 * 3600 },
);
if (made.kind !== 'finished' || made.code !== 0)
  throw new Error(`make bitstream: ${made.kind === 'finished' ? made.stderr.slice(-3000) : made.kind}`);
const placed = parsePlaced(readFileSync(join(folder, 'build/ulx3s-report.json'), 'utf8'));
const used = Object.entries(placed.used).map(([type, n]) => `${n.toLocaleString('en-US')} ${type}`);
console.log(`${placed.clockMHz.toFixed(1)} MHz after routing: ${placed.path}`);
console.log(used.join(', '));
const bytes = statSync(join(folder, 'build/ulx3s.bit')).size;
console.log(`${join(folder, 'build/ulx3s.bit')}: ${bytes.toLocaleString('en-US')} bytes`);
