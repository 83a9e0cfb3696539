/** A synthesis of a design beside its estimate, and the files of the project that say so. */
import type { FixedGraph } from '../../../ir/graph.js';
import type { CellFigures, ProjectSynthesis, SynthesisReport } from '../../backend.js';
import type { HlsOptions } from '../../dataflow/design.js';
import { withReloadableWeights } from '../../hls/reloadable.js';
import type { Resources } from '../../hls/resources.js';
import { areaOf, fitsIn, totalArea } from '../area/design.js';
import { designRtl, type RtlDesign } from '../design.js';
import { emitRtl } from '../emit.js';
import { projectReadme, projectReport } from '../readme.js';
import { familyOf } from './families.js';
import { sourcesOf, synthesisHash, synthesize, type Sources } from './synthesize.js';
import { findYosys, type Yosys } from './yosys.js';

/** Estimates in whole cells, memories in halves of a block. */
const whole = ({ lut, ff, dsp, bram36 }: Resources): CellFigures => ({
  lut: Math.round(lut),
  ff: Math.round(ff),
  dsp,
  bram36,
});

async function run(
  design: RtlDesign,
  sources: Sources,
  yosys: Yosys,
  onPass: (pass: string) => void,
): Promise<SynthesisReport> {
  const { target } = design;
  const { tool, family, hash, parts, total } = await synthesize(design, sources, yosys, onPass);
  const estimates = areaOf(design);
  const { lut, ff, dsp, bram36 } = target.resources;
  return {
    tool,
    family,
    hash,
    target: target.name,
    board: target.title,
    parts: parts.map((measured) => ({
      part: measured.part,
      estimated: whole(estimates.find((e) => e.part === measured.part)!),
      synthesized: whole(measured),
    })),
    total: {
      estimated: whole(totalArea(estimates)),
      synthesized: whole(total),
      available: { lut, ff, dsp, bram36 },
    },
    fits: fitsIn(total, target.resources),
  };
}

/** Throws `UserError` where no Yosys is there, or none that knows the family. */
export async function prepareSynthesis(fixed: FixedGraph, wish: HlsOptions): Promise<ProjectSynthesis> {
  // The board is asked first: it would be refused with Yosys, too.
  familyOf(wish.target);
  const yosys = await findYosys();
  const design = designRtl(wish.canary === true ? withReloadableWeights(fixed) : fixed, wish);
  const sources = sourcesOf(emitRtl(design), wish.target);
  return {
    hash: synthesisHash(sources, wish.target, yosys),
    sources,
    run: (onPass) => run(design, sources, yosys, onPass),
    describe: (report) => ({
      'report.json': projectReport(design, report),
      'README.md': projectReadme(design, report),
    }),
  };
}
