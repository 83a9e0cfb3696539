/** HLS C++, with the compiled project as a witness: under the headers that come with it, and under the vendor's. */
import { readdir } from 'node:fs/promises';
import { modulesOf } from '../../ir/modules.js';
import type { MissingWitness, Witness } from '../../simulate/witness.js';
import {
  neverTooLarge,
  type Backend,
  type Built,
  type FirmwareFigures,
  type ProjectRequest,
  type WitnessRecord,
  type WitnessRequest,
} from '../backend.js';
import { designHls, type Design } from '../dataflow/design.js';
import { designLevels } from '../dataflow/print.js';
import { createCsim } from './csim.js';
import { emitDesign } from './emit.js';
import { goldenFiles } from './golden.js';
import { buildModules, designModules, refuseExchange } from './modules.js';
import { createModulesCsim } from './modules-csim.js';
import { withReloadableWeights } from './reloadable.js';
import { checkCanaryFits, summarize, type Summary } from './summary.js';

function figures({ target }: Design, { timing, estimate }: Summary): FirmwareFigures {
  const row = (name: string, key: 'lut' | 'ff' | 'dsp' | 'bram36') => ({
    name,
    needed: estimate.total[key],
    available: target.resources[key],
    share: estimate.utilisation[key],
  });
  return {
    board: target.title,
    basis: 'estimated',
    fits: estimate.fits,
    resources: [row('LUT', 'lut'), row('FF', 'ff'), row('DSP', 'dsp'), row('BRAM36', 'bram36')],
    timing,
    stages: estimate.stages.map(({ stage, cycles, lut, ff, dsp, bram36 }) => ({
      stage,
      cycles,
      resources: { LUT: lut, FF: ff, DSP: dsp, BRAM36: bram36 },
    })),
  };
}

function build({ fixed, wish, golden, reloadable }: ProjectRequest): Built {
  if (modulesOf(fixed) > 1) {
    refuseExchange(fixed, reloadable || wish.canary === true);
    return buildModules(fixed, wish, golden, figures);
  }
  const design = designHls(reloadable ? withReloadableWeights(fixed) : fixed, wish);
  const summary = summarize(design);
  checkCanaryFits(design, summary.estimate);
  const { frames, interpret, maps } = golden;
  return {
    files: { ...emitDesign(design), ...goldenFiles(design, frames, interpret, maps) },
    firmware: figures(design, summary),
    levels: designLevels(design),
    facts: summary,
  };
}

type Name = 'csim' | 'csim-vendor';

async function openCsim(
  name: Name,
  { folder, fixed, compiler, apTypes }: WitnessRequest,
): Promise<Witness | MissingWitness> {
  if ((await readdir(folder).catch(() => [])).length === 0)
    return { name, reason: `${folder} holds no project` };
  if (name === 'csim-vendor' && apTypes === undefined)
    return { name, reason: 'VETOC_AP_TYPES does not name the vendor’s headers' };
  const create = modulesOf(fixed) > 1 ? createModulesCsim : createCsim;
  const opened = await create(fixed, folder, {
    ...(compiler === undefined ? {} : { compiler }),
    ...(name === 'csim-vendor' && apTypes !== undefined ? { apTypes } : {}),
  });
  return opened.kind === 'ready' ? { ...opened.witness, name } : { name, reason: opened.reason };
}

const witness = (name: Name, asked: WitnessRecord['asked']): WitnessRecord => ({
  name,
  asked,
  prepares: 'compiling the C++',
  open: async (request) => [await openCsim(name, request)],
});

export const hls: Backend = {
  name: 'hls',
  title: 'HLS C++',
  description: 'The HLS C++ project with test bench, golden vectors and scripts.',
  folder: 'hls',
  required: true,
  tooLarge: neverTooLarge,
  build: ({ networks, wish, golden }) =>
    Promise.resolve(build({ fixed: networks.fixed, wish, golden, reloadable: false })),
  compares: (path) => !/(^|\/)(golden|build)\//.test(path),
  witnesses: [witness('csim', 'always'), witness('csim-vendor', 'where the vendor’s headers are')],
  proofs: null,
  export: {
    kind: 'project',
    build,
    figures: (fixed, wish) => {
      // Of parts those of a front end: its latency is the one that can be chosen.
      const design = modulesOf(fixed) > 1 ? designModules(fixed, wish).fronts[0]! : designHls(fixed, wish);
      return figures(design, summarize(design));
    },
    levels: (fixed, wish) => designLevels(designHls(fixed, wish)),
    synthesis: null,
    mark: 'report.json',
    check: 'check-streams',
  },
};
