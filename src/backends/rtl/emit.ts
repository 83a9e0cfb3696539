/**
 * Fixed graph -> RTL project: a pure function from a design to files. The modules in hls-templates/rtl are copied as they
 * are; what is generated is the top with its links, the tables, the adder graphs and the project around them.
 */
import type { ProjectFiles } from '../hls/emit.js';
import { benchFiles } from './bench.js';
import { simpleBench } from './simple-bench.js';
import { printModel } from './model-file.js';
import { registerHeader, registerJson } from '../hls/registers.js';
import { featuresOf } from '../hls/top.js';
import { fractionBits } from '../../fixed/format.js';
import { weightLayout } from '../hls/weight-layout.js';
import { listedProof, printProofs, PROOF_LIST, type ListedProof } from './proof-list.js';
import { proofModule, proofScript, proofsOf } from './proofs.js';
import { makefile } from './project.js';
import { blockDiagram, projectReadme, projectReport } from './readme.js';
import { vendorOf } from './vendors/index.js';
import { topModule } from './wrapper.js';
import type { RtlDesign } from './design.js';
import { rtlTemplates } from './templates.js';
import { dataflowModule } from './top.js';

/** Modules of the project that `text` names, and those that they name. */
function usedModules(texts: readonly string[], templates: Readonly<Record<string, string>>): Set<string> {
  const used = new Set<string>();
  const visit = (text: string): void => {
    for (const [name] of text.matchAll(/\bvetoc_[a-z0-9_]+\b/g))
      if (`${name}.sv` in templates && !used.has(name)) {
        used.add(name);
        visit(templates[`${name}.sv`]!);
      }
  };
  texts.forEach(visit);
  return used;
}

/** The modules of `hls-templates/rtl` that `texts` name, as files of a project. */
export const moduleFiles = (texts: readonly string[]): Record<string, string> => {
  const templates = rtlTemplates();
  return Object.fromEntries(
    [...usedModules(texts, templates)].map((name) => [`rtl/vetoc/${name}.sv`, templates[`${name}.sv`]!]),
  );
};

/** Proofs for Yosys: what it asks, the checkers, and the list of them. They are about the project's own modules. */
function proofFiles(design: RtlDesign, templates: Readonly<Record<string, string>>): Record<string, string> {
  const files: Record<string, string> = {};
  const listed = proofsOf(design).map((proof): ListedProof => {
    const checker = `formal/${proof.checker}.sv`;
    const modules = [...usedModules([templates[checker]!], templates)].sort();
    const paths = modules.map((name) => `rtl/vetoc/${name}.sv`);
    files[checker] = templates[checker]!;
    files[`formal/${proof.name}.sv`] = proofModule(proof);
    files[`formal/${proof.name}.ys`] = proofScript(proof, paths);
    return listedProof(design, proof, paths);
  });
  files[PROOF_LIST] = printProofs(design, listed);
  return files;
}

/** Every file of the project except golden vectors, by path. */
export function emitRtl(design: RtlDesign): ProjectFiles {
  const { graph, network, schedule, top } = design;
  const templates = rtlTemplates();
  const logits = graph.nodes.find((n) => n.id === graph.output)!;
  const whole = topModule(graph, design.plan, top);
  const files: Record<string, string> = {
    Makefile: makefile(design),
    'README.md': projectReadme(design),
    'diagram.svg': blockDiagram(design),
    'model.json': printModel(design),
    'report.json': projectReport(design),
    'registers.h': registerHeader(top, featuresOf(graph, design.plan), {
      threshold: graph.threshold,
      unit: `2^-${fractionBits(logits.format)} of a logit`,
    }),
    'registers.json': registerJson(top, featuresOf(graph, design.plan)),
    ...vendorOf(design.target).files(design, templates),
    [`rtl/${top}.sv`]: whole,
    'tb/bench.sv': simpleBench(design),
  };
  if (graph.reloadable)
    files['weights.json'] = `${JSON.stringify(weightLayout(graph, design.plan), null, 2)}\n`;
  const dataflow = dataflowModule(graph, network, schedule, `${top}_dataflow`);
  files[`rtl/${top}_dataflow.sv`] = dataflow;
  for (const { modules = [] } of network.hardware.values())
    for (const { name, text } of modules) files[`rtl/tables/${name}.sv`] = text();
  Object.assign(files, moduleFiles([whole, dataflow, ...(schedule.scrubFrames > 0 ? ['vetoc_scrub'] : [])]));
  Object.assign(files, proofFiles(design, templates), benchFiles(design));
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}
