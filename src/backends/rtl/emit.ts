/**
 * Fixed graph -> RTL project: a pure function from a design to files. The modules in hls-templates/rtl are copied as they
 * are; what is generated is the top with its links, the tables, the adder graphs and the project around them.
 */
import type { ProjectFiles } from '../hls/emit.js';
import { benchHeader, simpleBench } from './bench.js';
import { printModel } from './model-file.js';
import { constraints, makefile, registerHeader, vivadoTcl } from './project.js';
import { blockDiagram, projectReadme, projectReport } from './readme.js';
import { topModule } from './wrapper.js';
import type { RtlDesign } from './design.js';
import { rtlTemplates } from './templates.js';
import { dataflowModule } from './top.js';

/** Modules of the project that `text` names, and those that they name. */
function usedModules(texts: readonly string[], templates: Readonly<Record<string, string>>): Set<string> {
  const used = new Set<string>();
  const visit = (text: string): void => {
    for (const [name] of text.matchAll(/\bvetoc_[a-z_]+\b/g))
      if (`${name}.sv` in templates && !used.has(name)) {
        used.add(name);
        visit(templates[`${name}.sv`]!);
      }
  };
  texts.forEach(visit);
  return used;
}

/** Every file of the project except golden vectors, by path. */
export function emitRtl(design: RtlDesign): ProjectFiles {
  const { graph, network, schedule, top } = design;
  const templates = rtlTemplates();
  const whole = topModule(graph, design.pixelsPerClock, top);
  const files: Record<string, string> = {
    Makefile: makefile(design),
    'README.md': projectReadme(design),
    'diagram.svg': blockDiagram(design),
    'model.json': printModel(design),
    'report.json': projectReport(design),
    'registers.h': registerHeader(design),
    'vivado.tcl': vivadoTcl(design),
    [`${top}.xdc`]: constraints(design),
    [`rtl/${top}.sv`]: whole,
    'tb/bench.sv': simpleBench(design),
  };
  const dataflow = dataflowModule(graph, network, schedule.links, `${top}_dataflow`);
  files[`rtl/${top}_dataflow.sv`] = dataflow;
  for (const { modules = [] } of network.hardware.values())
    for (const { name, text } of modules) files[`rtl/tables/${name}.sv`] = text();
  for (const name of usedModules([whole, dataflow], templates))
    files[`rtl/vetoc/${name}.sv`] = templates[`${name}.sv`]!;
  files['tb/design.h'] = benchHeader(design);
  for (const [path, text] of Object.entries(templates)) if (path.startsWith('tb/')) files[path] = text;
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}
