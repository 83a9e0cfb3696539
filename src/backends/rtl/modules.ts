/**
 * A network in parts as SystemVerilog: a project for each front end that differs, and one for the decision, with the module that
 * gathers what the modules send. Each is a project with its own benches (`make check`); `make assembly` is the bench of the whole.
 */
import type { FixedGraph } from '../../ir/graph.js';
import type { Built, FirmwareFigures, GoldenFrames } from '../backend.js';
import type { HlsOptions } from '../dataflow/design.js';
import { designLevels } from '../dataflow/print.js';
import { builtParts, designParts, gatherHeader, goldenOfParts, type PartDesigns } from '../hls/modules.js';
import { DECISION_FOLDER, frontFolder, GATHER_TOP, rootMakefile } from '../hls/modules-project.js';
import { hlsTemplates } from '../hls/templates.js';
import { designRtl, type RtlDesign } from './design.js';
import { emitRtl, moduleFiles } from './emit.js';
import { gatherModule } from './gather.js';
import { rtlGolden } from './golden.js';
import { gatherRules, partsList, rtlPartsReadme, sendRule } from './modules-project.js';

function projectFiles({ parts, fronts, decision }: PartDesigns<RtlDesign>): Record<string, string> {
  const templates = hlsTemplates();
  const files: Record<string, string> = {};
  fronts.forEach((design, f) => {
    const folder = frontFolder(f, fronts.length);
    const own = emitRtl(design);
    for (const [path, text] of Object.entries(own)) files[`${folder}/${path}`] = text;
    files[`${folder}/Makefile`] = own['Makefile']! + sendRule(design);
    files[`${folder}/tb/hls/send.cpp`] = templates['modules/send.cpp']!;
  });
  const own = emitRtl(decision);
  const gather = gatherModule(parts);
  const put = (path: string, text: string): void => {
    files[`${DECISION_FOLDER}/${path}`] = text;
  };
  for (const [path, text] of Object.entries({ ...own, ...moduleFiles([gather]) })) put(path, text);
  put('Makefile', own['Makefile']! + gatherRules(decision));
  put(`rtl/${GATHER_TOP}.sv`, gather);
  put(`tb/firmware/${GATHER_TOP}.h`, gatherHeader(parts));
  put(`tb/firmware/${GATHER_TOP}.cpp`, templates['modules/rtl/gather_modules.cpp']!);
  put('tb/firmware/vetoc/gather.h', templates['modules/gather.h']!);
  put('tb/hls/gather_streams.cpp', templates['modules/rtl/gather_streams.cpp']!);
  put('tb/hls/assembly.cpp', templates['modules/assembly.cpp']!);
  files['Makefile'] = rootMakefile(parts, {
    rules: ['check', 'lint', 'prove'],
    about: 'check, lint, prove: each part by itself; assembly: all together, in Verilator.',
  });
  files['README.md'] = rtlPartsReadme(parts, fronts[0]!, decision);
  files['model.json'] = partsList(parts);
  return files;
}

/** What is built of a network of several modules. Throws as `partitionModules` and `designRtl` do. */
export function buildRtlModules(
  fixed: FixedGraph,
  wish: HlsOptions,
  golden: GoldenFrames,
  figures: (design: RtlDesign) => FirmwareFigures,
): Built {
  const designs = designParts(fixed, wish, designRtl);
  const { parts, fronts, decision } = designs;
  return {
    files: { ...projectFiles(designs), ...goldenOfParts(designs, golden, rtlGolden) },
    ...builtParts('SystemVerilog', parts, [figures(fronts[0]!), figures(decision)]),
    levels: designLevels(fronts[0]!),
  };
}
