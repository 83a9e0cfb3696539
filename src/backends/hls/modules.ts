/**
 * A network in parts as HLS: a project for each front end that differs, and one for the decision, whose second top function
 * gathers what the modules send. Each is a project with its own bench and golden vectors (`make check`); `make assembly` is the
 * bench of the whole.
 */
import { UnsupportedError, UserError } from '../../core/errors.js';
import { mapsOfPart, NO_MAPS, type FrameMaps } from '../../ir/frame-maps.js';
import type { FixedGraph } from '../../ir/graph.js';
import { partOf } from '../../ir/modules.js';
import { partitionModules, type ModuleParts } from '../../passes/partition-modules.js';
import type { BuiltFiles, Built, FirmwareFigures, GoldenFrames } from '../backend.js';
import { designHls, type Design, type HlsOptions } from '../dataflow/design.js';
import { DEFAULT_LINK } from '../dataflow/link.js';
import { fieldWords, packetBytes, PACKET_FIELDS } from '../dataflow/module-packet.js';
import { designLevels } from '../dataflow/print.js';
import {
  assemblyRule,
  DECISION_FOLDER,
  FRAMES_ON_THE_WAY,
  frontFolder,
  GATHER_TOP,
  mapsFileOf,
  partsReadme,
  rootMakefile,
} from './modules-project.js';
import { configStruct, constant, LICENCE } from './cpp.js';
import { emitDesign } from './emit.js';
import { goldenFiles, mapsFile } from './golden.js';
import { hlsConfig } from './scripts.js';
import { summarize } from './summary.js';
import { hlsTemplates } from './templates.js';

/** Throws `UnsupportedError` where weights are `wanted` to be exchanged. */
export function refuseExchange({ name }: FixedGraph, wanted: boolean): void {
  if (wanted)
    throw new UnsupportedError('firmware in parts', [
      { what: name, why: 'weights that can be exchanged are not exchanged in parts' },
    ]);
}

export interface PartDesigns<D extends Design> {
  readonly parts: ModuleParts;
  readonly fronts: readonly D[];
  readonly decision: D;
}

/** The designs of all parts, as `design` makes them: the wish is the front ends', the decision has time for a frame of words. */
export function designParts<D extends Design>(
  fixed: FixedGraph,
  wish: HlsOptions,
  design: (graph: FixedGraph, options: HlsOptions) => D,
): PartDesigns<D> {
  if (wish.link?.header === false)
    throw new UserError('modules are joined by the numbers of their frames', {
      field: '--no-frame-number',
      remedy: 'leave the number in front of the frames',
    });
  const parts = partitionModules(fixed);
  const { target, clockMHz } = wish;
  const own = { target, ...(clockMHz === undefined ? {} : { clockMHz }) };
  return {
    parts,
    fronts: parts.fronts.map((front) => design(front, wish)),
    decision: design(parts.decision, { ...own, pixelsPerClock: 1, link: DEFAULT_LINK }),
  };
}

export const designModules = (fixed: FixedGraph, wish: HlsOptions): PartDesigns<Design> =>
  designParts(fixed, wish, designHls);

export function gatherHeader({ modules, words }: ModuleParts): string {
  const packet = 2 + words;
  return [
    LICENCE,
    '//',
    `// What ${modules} modules send -> frames for the decision. The packet of a module, in words of 16 bits:`,
    ...PACKET_FIELDS.map(({ name, text }) => `//   ${name.padEnd(9)}${fieldWords(name, words)}  ${text}`),
    `#ifndef GATHER_MODULES_H`,
    `#define GATHER_MODULES_H`,
    '',
    '#include "vetoc/gather.h"',
    '',
    '/// TUSER as SsiPkg, TLAST with the last word.',
    'typedef ap_axiu<16, 2, 0, 0> module_beat;',
    '',
    configStruct('packets_config', 'packets of modules', [
      constant('PIXELS', 1, 'words in a beat'),
      constant('HEADER', fieldWords('number', words), 'words of the frame number'),
      constant('BEATS', packet, 'words behind it: module, state, features'),
      constant('TRAILER', fieldWords('crc', words), 'words of the CRC-32'),
      { declaration: 'static constexpr bool SSI = true;', comment: 'TUSER marks the first word' },
      {
        declaration: `static constexpr unsigned IDLE_CYCLES = ${DEFAULT_LINK.idleCycles}U;`,
        comment: 'without a word: a packet is given up',
      },
      {
        declaration: 'static constexpr unsigned NUMBER_STEP = 0U;',
        comment: 'packets of a frame have its number',
      },
    ]),
    configStruct('gather_config', 'frames on their way', [
      constant('MODULES', modules),
      constant('FEATURES', words, 'words of a module'),
      constant('WORDS', packet, 'words of a packet between number and CRC'),
      constant('NUMBER_WORDS', fieldWords('number', words)),
      constant('FRAMES', FRAMES_ON_THE_WAY, 'that may be on their way at once'),
    ]),
    '/// `patience`: cycles without a packet after which the oldest frame is given up.',
    `void ${GATHER_TOP}(hls::stream<module_beat> &modules, hls::stream<module_beat> &frames, ap_uint<32> patience,`,
    '                    ap_uint<32> &taken, ap_uint<32> &refused, ap_uint<32> &repeated, ap_uint<32> &late,',
    `                    ap_uint<32> &incomplete, ap_uint<${modules}> &missing);`,
    '',
    '#endif',
    '',
  ].join('\n');
}

const gatherSource = ({ modules }: ModuleParts): string =>
  [
    LICENCE,
    `#include "${GATHER_TOP}.h"`,
    '',
    '#include "vetoc/receive.h"',
    '',
    `void ${GATHER_TOP}(hls::stream<module_beat> &modules, hls::stream<module_beat> &frames, ap_uint<32> patience,`,
    '                    ap_uint<32> &taken, ap_uint<32> &refused, ap_uint<32> &repeated, ap_uint<32> &late,',
    `                    ap_uint<32> &incomplete, ap_uint<${modules}> &missing) {`,
    '#pragma HLS INTERFACE mode = axis port = modules',
    '#pragma HLS INTERFACE mode = axis port = frames',
    ...['patience', 'taken', 'refused', 'repeated', 'late', 'incomplete', 'missing'].map(
      (port) => `#pragma HLS INTERFACE mode = ap_none port = ${port}`,
    ),
    '#pragma HLS INTERFACE mode = ap_ctrl_none port = return',
    '#pragma HLS DATAFLOW disable_start_propagation',
    '  hls::stream<vetoc::frame_status> packets("packets");',
    '#pragma HLS STREAM variable = packets depth = 2',
    '  hls::stream<vetoc::word<ap_uint<16>, 1>> words("words");',
    '#pragma HLS STREAM variable = words depth = 512',
    '#ifndef __SYNTHESIS__',
    '  // C simulation runs every stage once a call, hardware when it has words: a call without a packet lets time pass.',
    '  if (!modules.empty())',
    '#endif',
    '    vetoc::receive<packets_config>(modules, 0, 0, packets, words);',
    '  vetoc::gather<gather_config>(packets, words, patience, frames, taken, refused, repeated, late, incomplete, missing);',
    '}',
    '',
  ].join('\n');

type Files = Record<string, string | Uint8Array>;

const u16 = (arrays: readonly Uint16Array[]): Uint8Array =>
  Buffer.concat(arrays.map((values) => Buffer.from(new Uint8Array(new Uint16Array(values).buffer))));

/** Golden files of a design. */
type GoldenOf<D extends Design> = (
  design: D,
  frames: readonly Uint16Array[],
  interpret: GoldenFrames['interpret'],
  maps?: FrameMaps,
) => Files;

/**
 * Golden frames of each part, as `golden` makes them: of the front ends those of all their modules, of the decision the words that
 * come of them. A front end on raw words has those of its first module alone: a bench has one set of maps.
 */
export function goldenOfParts<D extends Design>(
  { parts, fronts, decision }: PartDesigns<D>,
  { frames, interpret, maps = NO_MAPS }: GoldenFrames,
  golden: GoldenOf<D>,
): Files {
  const { modules, frontOf, words } = parts;
  const own = frames.map((frame) => frontOf.map((_, k) => partOf(frame, k, modules)));
  const mapsOf = frontOf.map((_, k) => mapsOfPart(maps, k, modules));
  const sent = own.map((pictures) => {
    const all = new Uint16Array(modules * words);
    pictures.forEach((picture, k) => {
      all.set(interpret(fronts[frontOf[k]!]!.graph, picture, mapsOf[k]).logits, k * words);
    });
    return all;
  });
  const files: Files = {};
  frontOf.forEach((front, k) => {
    files[`golden/module-${k}.bin`] = u16(own.map((pictures) => pictures[k]!));
    if (maps.size > 0) files[mapsFileOf(k)] = mapsFile(fronts[front]!.graph, mapsOf[k]!);
  });
  fronts.forEach((design, f) => {
    const first = frontOf.indexOf(f);
    const of = own.flatMap((pictures) =>
      pictures.filter((__, k) => frontOf[k] === f && (maps.size === 0 || k === first)),
    );
    for (const [path, content] of Object.entries(golden(design, of, interpret, mapsOf[first])))
      files[`${frontFolder(f, fronts.length)}/${path}`] = content;
  });
  for (const [path, content] of Object.entries(golden(decision, sent, interpret)))
    files[`${DECISION_FOLDER}/${path}`] = content;
  return files;
}

function projectFiles(designs: PartDesigns<Design>): Files {
  const { parts, fronts, decision } = designs;
  const templates = hlsTemplates();
  const files: Files = {};
  fronts.forEach((design, f) => {
    const folder = frontFolder(f, fronts.length);
    for (const [path, text] of Object.entries(emitDesign(design))) files[`${folder}/${path}`] = text;
    files[`${folder}/tb/send.cpp`] = templates['modules/send.cpp']!;
  });
  const own = emitDesign(decision);
  for (const [path, text] of Object.entries(own)) files[`${DECISION_FOLDER}/${path}`] = text;
  const top = Object.keys(own)
    .find((path) => /^firmware\/\w+\.cpp$/.test(path))!
    .slice('firmware/'.length, -'.cpp'.length);
  files[`${DECISION_FOLDER}/Makefile`] = own['Makefile']! + assemblyRule(top);
  files[`${DECISION_FOLDER}/firmware/vetoc/gather.h`] = templates['modules/gather.h']!;
  files[`${DECISION_FOLDER}/tb/assembly.cpp`] = templates['modules/assembly.cpp']!;
  files[`${DECISION_FOLDER}/firmware/${GATHER_TOP}.h`] = gatherHeader(parts);
  files[`${DECISION_FOLDER}/firmware/${GATHER_TOP}.cpp`] = gatherSource(parts);
  files[`${DECISION_FOLDER}/hls_gather.cfg`] = hlsConfig(decision, GATHER_TOP);
  files['Makefile'] = rootMakefile(parts, {
    rules: ['check', 'check-streams'],
    about: 'check and check-streams: each part by itself; assembly: all together.',
  });
  files['README.md'] = partsReadme(parts, fronts[0]!, decision);
  return files;
}

/** What is built of a network of several modules. Throws as `partitionModules` and `designHls` do. */
export function buildModules(
  fixed: FixedGraph,
  wish: HlsOptions,
  golden: GoldenFrames,
  figures: (design: Design, summary: ReturnType<typeof summarize>) => FirmwareFigures,
): Built {
  const designs = designModules(fixed, wish);
  const { parts, fronts, decision } = designs;
  const [front] = fronts;
  const files = {
    ...projectFiles(designs),
    ...goldenOfParts(designs, golden, goldenFiles),
  } satisfies BuiltFiles;
  const summaries = [front!, decision].map((design) => figures(design, summarize(design)));
  return { files, ...builtParts('HLS C++', parts, summaries), levels: designLevels(front!) };
}

/** What is said of parts: the figures of a front end and of the decision, `summaries`. */
export function builtParts(
  form: string,
  { modules, words }: ModuleParts,
  summaries: readonly FirmwareFigures[],
): Pick<Built, 'firmware' | 'parts' | 'facts'> {
  const bytes = packetBytes(words);
  const titles = [
    `${form}, the front end of each of ${modules} modules, which sends ${bytes} bytes a frame`,
    `${form}, the decision, to which ${modules * bytes} bytes a frame come from ${modules} modules`,
  ];
  return {
    firmware: summaries[0]!,
    parts: summaries.map((firmware, i) => ({ title: titles[i]!, firmware })),
    facts: { modules, words, bytesPerModule: bytes },
  };
}
