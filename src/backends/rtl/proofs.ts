/**
 * What is proved of a design for all inputs, not tested on some: scripts for Yosys, in the folder `formal` of a project.
 * The checkers stand in `hls-templates/rtl/formal/`, each with the other statement of what its module does.
 */
import type { RtlDesign } from './design.js';
import { WITHOUT, type Proof, type Reach } from './proof.js';
import { rawProofs } from './raw-proofs.js';
import { FIFO_LATENCY } from './depths.js';
import type { BuiltLink } from './schedule.js';
import { FRAMES } from './stages/ends.js';
import { instanceText, SV_LICENCE, type Instance } from './sv.js';

/** Cycles from an accumulator to its rounded value, by whether the slope is applied first. */
const ROUNDING_CYCLES = 4;

function linkProof({ name: link, depth, latency }: BuiltLink): Proof {
  const block = latency === FIFO_LATENCY.block;
  return {
    name: `link_${depth}${block ? '_block' : ''}`,
    claim: `no word is lost or overwritten on a link of ${depth} words${block ? ' in block RAM' : ''}, at any pace of its two ends`,
    about: [link],
    ownSize: true,
    checker: 'link_check',
    parameters: { DEPTH: depth, RAM: Number(block) },
    reach: { kind: 'forever' },
    connected: {
      credits: 'link.credit.count',
      stored: 'link.fifo.count',
      given: 'link.fifo.give',
      some: block ? 'link.fifo.g_block.some' : 'valid',
    },
  };
}

const ROUNDED = [
  'SW',
  'MAXSHIFT',
  'DROP',
  'OW',
  'OSIGNED',
  'ROUNDING',
  'OVERFLOW',
  'ACTIVATION',
  'MIN',
  'MAX',
  'LW',
  'ALPHA_FRACTION',
] as const;

/** The proof of the rounding in an instance; undefined where it rounds nothing. */
function roundingProof({ name, parameters }: Instance): Proof | undefined {
  if (parameters['ROUNDING'] === undefined) return undefined;
  const width = parameters['AW'] ?? Number(parameters['IW']) + (parameters['ISIGNED'] === 0 ? 1 : 0);
  const own = Object.fromEntries(
    ROUNDED.flatMap((p) => (parameters[p] === undefined ? [] : [[p, parameters[p]]])),
  );
  return {
    name: `requantize_${name}`,
    claim: `${name} rounds and limits every accumulator of ${width} bits as the fixed-point format says`,
    about: [name],
    ownSize: true,
    checker: 'requantize_check',
    parameters: { AW: width, ...own },
    reach: { kind: 'pipeline', cycles: ROUNDING_CYCLES },
    connected: WITHOUT,
  };
}

const RECEIVER = [
  'begun',
  'filling',
  'some',
  'at_header',
  'at_pixels',
  'at_final_pixel',
  'at_final',
  'causes',
  'told',
];

/** The proof of the receiver of packets. */
function receiveProof({ name: instance, parameters }: Instance): Proof {
  const { PIXELS, HEADER, BEATS, TRAILER, SSI } = parameters;
  return {
    name: 'receive',
    claim: `every packet gives one frame of ${BEATS} words, or none, and one status, for every pattern of beats, starts and ends`,
    about: [instance],
    ownSize: true,
    checker: 'receive_check',
    parameters: { PIXELS: PIXELS!, HEADER: HEADER!, BEATS: BEATS!, TRAILER: TRAILER!, SSI: SSI! },
    reach: { kind: 'forever' },
    connected: {
      ...Object.fromEntries(RECEIVER.map((r) => [r, `dut.${r}`])),
      tail: 'dut.tail',
      place: 'dut.beats.now',
    },
  };
}

/** The proof of what a front end sends. */
function sendProof({ name: instance, parameters }: Instance): Proof {
  const { LANES, WORDS } = parameters;
  return {
    name: 'send',
    claim: `every frame gives one packet of ${6 + Number(LANES) * Number(WORDS) + 2} words, with its number, module, state, features and CRC-32, at any pace`,
    about: [instance],
    ownSize: true,
    checker: 'send_check',
    parameters: { LANES: LANES!, WORDS: WORDS! },
    reach: { kind: 'forever' },
    connected: Object.fromEntries(
      ['crc', 'rest', 'place', 'lane', 'empty'].map((register) => [register, `dut.${register}`]),
    ),
  };
}

type SmallProof = Omit<Proof, 'about' | 'ownSize' | 'connected'>;

const small = (
  name: string,
  checker: string,
  cycles: number,
  claim: string,
  parameters: Proof['parameters'],
): SmallProof => ({ name, checker, claim, parameters, reach: { kind: 'bounded', cycles } });

/** Modules whose state is too large to be proved at their size, at small ones. */
const SMALL: Readonly<Record<string, readonly SmallProof[]>> = {
  vetoc_window: [
    small(
      'window_2x2',
      'window_check',
      18,
      'every window of two frames of 2 x 2 pixels holds their pixels, at any pace',
      { K: 2, TOP: 0 },
    ),
    small(
      'window_padded',
      'window_check',
      14,
      'every window of a padded frame of 2 x 2 pixels holds its pixels and padding',
      { K: 3, TOP: 1 },
    ),
    small(
      'window_stride',
      'window_check',
      14,
      'every window of 2 x 2 at stride 2 holds its pixels and padding',
      { K: 2, TOP: 1, STRIDE: 2 },
    ),
    small('window_groups', 'window_check', 14, 'every window of pixels of two words holds their words', {
      K: 2,
      TOP: 0,
      GROUPS: 2,
    }),
    small(
      'window_causal',
      'window_check',
      18,
      'every window of 3 x 3 that ends with a pixel of 2 x 2 holds its pixels, and padding above and to the left',
      { K: 3, TOP: 2, BOTTOM: 0, RIGHT: 0 },
    ),
  ],
  vetoc_matvec: [
    small('matvec_signed', 'matvec_check', 16, 'two vectors times any weights plus any bias, one output', {
      OUT_FOLD: 1,
      ISIGNED: 1,
    }),
    small(
      'matvec_folded',
      'matvec_check',
      16,
      'two vectors times any weights plus any biases, in two parts, two outputs',
      { TAP_FOLD: 2, OUT_FOLD: 2, EARLY: 1 },
    ),
  ],
};

/** The proofs at small sizes of the modules that `instances` are of. */
const smallProofs = (instances: readonly Instance[]): Proof[] =>
  Object.entries(SMALL).flatMap(([module, proofs]) => {
    const about = instances.filter((i) => i.module === module).map((i) => i.name);
    return about.length === 0
      ? []
      : proofs.map((proof) => ({ ...proof, about, ownSize: false, connected: WITHOUT }));
  });

/** What is proved of `design`: its links, roundings and receiver as they are, windows and products at small sizes. */
export function proofsOf({ network, schedule }: RtlDesign): Proof[] {
  const instances = [...network.hardware.values()].flatMap((h) => h.instances);
  const all = [
    ...schedule.links.filter((l) => l.name !== FRAMES).map(linkProof),
    ...instances.flatMap((i) => roundingProof(i) ?? []),
    ...instances.filter((i) => i.module === 'vetoc_receive').map(receiveProof),
    ...instances.filter((i) => i.module === 'vetoc_send').map(sendProof),
    ...rawProofs(network.hardware),
    ...smallProofs(instances),
  ];
  // The same property of the same parameters is proved once, for all that it is about.
  const known = new Map<string, Proof>();
  for (const proof of all) {
    const key = JSON.stringify([proof.checker, proof.parameters]);
    const first = known.get(key);
    known.set(key, first === undefined ? proof : { ...first, about: [...first.about, ...proof.about] });
  }
  return [...known.values()];
}

/** The module that a script proves: all of the checker's inputs are free in every cycle. */
export const proofModule = ({ claim, checker, parameters }: Proof): string =>
  [
    SV_LICENCE,
    '//',
    `// ${claim}`,
    '`default_nettype none',
    'module proof (',
    '    input wire logic clk',
    ');',
    instanceText({ module: checker, name: 'check', parameters, ports: { clk: 'clk' } }),
    'endmodule',
    '`default_nettype wire',
    '',
  ].join('\n');

/** How far a proof reaches, in words. */
export function reachText({ reach, ownSize }: Proof): string {
  switch (reach.kind) {
    case 'forever':
      return 'for ever, by induction';
    case 'pipeline':
      return 'all inputs';
    case 'bounded':
      return `${reach.cycles} cycles from reset${ownSize ? '' : ', small size'}`;
  }
}

function question(reach: Reach): string {
  switch (reach.kind) {
    case 'forever':
      return '-seq 1 -tempinduct -maxsteps 4 -verify';
    case 'pipeline':
      return `-seq ${reach.cycles + 2} -prove-skip ${reach.cycles + 1} -verify`;
    case 'bounded':
      return `-seq 1 -tempinduct-baseonly -maxsteps ${reach.cycles} -verify`;
  }
}

/** A script for Yosys, run in the project's folder; `modules` are the paths of what the checker needs. */
export const proofScript = (
  { name, claim, checker, reach, connected }: Proof,
  modules: readonly string[],
): string =>
  [
    `# ${claim}`,
    `read_verilog -sv -formal ${[...modules, `formal/${checker}.sv`, `formal/${name}.sv`].join(' ')}`,
    'hierarchy -top proof',
    'proc',
    'flatten',
    ...Object.entries(connected).map(([wire, own]) => `connect -nounset -set check.${wire} check.${own}`),
    'setundef -undriven -anyseq',
    'memory_map',
    'async2sync',
    'dffunmap',
    'opt -full',
    `sat -prove-asserts -set-assumes ${question(reach)}`,
    '',
  ].join('\n');
