/**
 * A synthesis of the firmware of a run with a free tool, kept in the run by the hash of its sources. Projects in the run that are
 * made of the same sources say in their own files what was found, and so does a page of the report.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { HlsOptions } from '../backends/dataflow/design.js';
import type { ProjectSynthesis, SynthesisReport } from '../backends/backend.js';
import { writeFileAtomic } from '../core/files.js';
import { jsonOrUndefined } from '../core/json.js';
import { areaPage } from '../report/area-page.js';
import { beginStage, type Emit } from './events.js';
import { PROJECT_BACKENDS } from './export-project.js';
import { RUN_FILES } from './folder.js';
import { wishedFirmware } from './own-firmware.js';
import type { RawWish } from './raw-network.js';

export interface RunSynthesis {
  readonly report: SynthesisReport;
  /** Whether it was known of the same sources. */
  readonly known: boolean;
  /** Folders of projects whose files say it now, from the run. */
  readonly projects: readonly string[];
}

const count = z.number().min(0);
const cells = z.strictObject({ lut: count, ff: count, dsp: count, bram36: count }).readonly();
const reportSchema = z
  .strictObject({
    tool: z.string(),
    family: z.string(),
    hash: z.string(),
    target: z.string(),
    board: z.string(),
    parts: z
      .array(z.strictObject({ part: z.string(), estimated: cells, synthesized: cells }).readonly())
      .readonly(),
    total: z.strictObject({ estimated: cells, synthesized: cells, available: cells }).readonly(),
    fits: z.boolean(),
  })
  .readonly();

/** What was found before; null where nothing was, or where it cannot be read. */
async function knownReport(file: string, hash: string): Promise<SynthesisReport | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const parsed = reportSchema.safeParse(jsonOrUndefined(text));
  return parsed.success && parsed.data.hash === hash ? parsed.data : null;
}

/** Whether the project in `folder` has the very sources, and no others. */
async function hasSources(folder: string, sources: ProjectSynthesis['sources']): Promise<boolean> {
  const there = await readdir(join(folder, 'rtl'), { recursive: true }).catch(() => []);
  if (there.filter((path) => path.endsWith('.sv')).length !== Object.keys(sources).length) return false;
  for (const [path, text] of Object.entries(sources))
    if ((await readFile(join(folder, path), 'utf8').catch(() => null)) !== text) return false;
  return true;
}

/** Writes what the projects of the same sources say of themselves, and names their folders. */
async function describeProjects(
  dir: string,
  { sources, describe }: ProjectSynthesis,
  report: SynthesisReport,
): Promise<string[]> {
  const found: string[] = [];
  for (const place of ['', RUN_FILES.onWords]) {
    const entries = await readdir(join(dir, place), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const folder = join(place, entry.name);
      if (!entry.isDirectory() || !(await hasSources(join(dir, folder), sources))) continue;
      for (const [path, text] of Object.entries(describe(report)))
        await writeFileAtomic(join(dir, folder, path), text);
      found.push(folder);
    }
  }
  return found.sort();
}

/**
 * Of the network on raw words where `raw` names maps. Throws `UserError` where the tool is not there, does not know the board's
 * family, or does not come to an end.
 */
export async function synthesizeRun(
  dir: string,
  options: HlsOptions,
  emit: Emit,
  raw: RawWish = {},
): Promise<RunSynthesis> {
  const { run, fixed, wish } = await wishedFirmware(dir, options, raw);
  const prepare = PROJECT_BACKENDS.map((b) => b.export.synthesis).find((s) => s !== null)!;
  const synthesis = await prepare(fixed, wish);
  const file = join(dir, 'synthesis', `${options.target.name}-${synthesis.hash.slice(0, 16)}.json`);
  const before = await knownReport(file, synthesis.hash);
  let report = before;
  if (report === null) {
    const progress = beginStage(emit, 'Synthesize');
    let passes = 0;
    report = await synthesis.run((pass) => {
      progress.update(++passes, 0, { of: 'passes', pass });
    });
    await writeFileAtomic(file, `${JSON.stringify(report, null, 2)}\n`);
    progress.finish({ kind: 'reported', file });
  }
  const projects = await describeProjects(dir, synthesis, report);
  // The report is of the run's own firmware.
  if (fixed === run.fixed)
    await writeFileAtomic(join(dir, RUN_FILES.areaPage), areaPage(run.recipe.name, report));
  return { report, known: before !== null, projects };
}
