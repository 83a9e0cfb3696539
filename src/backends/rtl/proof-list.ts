/** The list of a project's proofs, `formal/proofs.json`: what each says, of what, how far, and what no proof says. */
import { z } from 'zod';
import { parseJsonAs } from '../../core/json.js';
import type { TestedOnly } from '../backend.js';
import type { RtlDesign } from './design.js';
import type { Proof } from './proof.js';
import { reachText } from './proofs.js';

export const PROOF_LIST = 'formal/proofs.json';

/** Raised whenever the meaning of the file changes. */
const VERSION = 1;

const text = z.string();
const listSchema = z
  .strictObject({
    version: z.literal(VERSION),
    proofs: z.array(
      z
        .strictObject({
          name: z.string().regex(/^[a-z0-9_]+$/i),
          claim: text,
          about: z.array(text).readonly(),
          reach: text,
          /** What it is proved of, the script first: paths in the project. */
          files: z.array(text).readonly(),
        })
        .readonly(),
    ),
    tested: z.array(z.strictObject({ what: text, of: z.array(text).readonly() }).readonly()),
  })
  .readonly();

export type ProofList = z.infer<typeof listSchema>;
export type ListedProof = ProofList['proofs'][number];

/** `proof` with the files that its verdict rests on; `modules` are the paths of those that it is about. */
export const listedProof = ({ top }: RtlDesign, proof: Proof, modules: readonly string[]): ListedProof => ({
  name: proof.name,
  claim: proof.claim,
  about: proof.about,
  reach: reachText(proof),
  files: [
    `formal/${proof.name}.ys`,
    // Its instances have the parameters that the proof has.
    `rtl/${top}_dataflow.sv`,
    ...modules,
    `formal/${proof.checker}.sv`,
    `formal/${proof.name}.sv`,
  ],
});

/** What modules do beyond that which is proved of them; null where that is all. Others are proved in nothing. */
const BEYOND: Readonly<Record<string, string | null>> = {
  vetoc_window: 'windows at their own size',
  vetoc_matvec: 'products at their own size',
  vetoc_receive: 'the words that the receiver hands on, and its reasons',
  vetoc_receive_maps: 'the words that are handed on of maps, and their CRC',
  vetoc_calibrate: 'products at their own size',
  vetoc_segment_sum: 'sums of segments at their own size',
  vetoc_common_mode: 'differences from what segments have in common at their own size',
  vetoc_requantize_lanes: null,
  vetoc_send: null,
};

function testedOnly({ network, top }: RtlDesign): TestedOnly[] {
  const instances = [...network.hardware.values()].flatMap((h) => h.instances);
  const of = new Map<string, string[]>();
  const without: string[] = [];
  for (const { module, name } of instances) {
    const what = BEYOND[module];
    if (what === undefined) without.push(name);
    else if (what !== null) of.set(what, [...(of.get(what) ?? []), name]);
  }
  return [
    { what: 'what each stage computes as a whole', of: [...network.plan.stages.map((s) => s.name)] },
    { what: 'the order of the words on a link', of: network.links.slice(1).map((l) => l.name) },
    ...[...of].map(([what, names]) => ({ what, of: names })),
    { what: 'instances that no proof is about', of: without },
    { what: 'the two ends: AXI, registers, counters, reset', of: [top] },
  ];
}

export const printProofs = (design: RtlDesign, proofs: readonly ListedProof[]): string =>
  `${JSON.stringify({ version: VERSION, proofs, tested: testedOnly(design) }, null, 1)}\n`;

/** Reads what `printProofs` wrote; `file` is its name for messages. */
export const parseProofs = (content: string, file: string): ProofList =>
  parseJsonAs(listSchema, content, file, 'export the RTL again');
