/** How the maps of raw words come in, for the README of a project. */
import { formatType } from './cpp.js';
import type { Design } from '../dataflow/design.js';
import { receiveOf, wordsPerFrame } from '../dataflow/plan.js';
import { mapsBeatOf } from './maps-beat.js';

interface Prose {
  /** What the golden set is. */
  readonly set: string;
  readonly values: string;
  /** How other maps come in. */
  readonly others: string;
}

/** Where gain bits say the stage: one set serves all frames. `command` writes another one. */
const inACircle = (rate: string, command: string): Prose => ({
  set: `what a DMA reads in a circle from DDR or HBM (${rate})`,
  values:
    'of a pixel one for each gain stage, the most sensitive first. A factor of 0 says that the pixel measures nothing.',
  others: `Another set (after a dark run) counts from the next frame on when the DMA
goes on with it behind a TLAST; its formats are those above: ${command}
writes it as \`golden/maps_set.bin\`, and all else as it is here.`,
});

/** Where words of gain say it: each frame has a set of its own. */
const ofEachFrame = (rate: string, command: string): Prose => ({
  set: `of the first memory cell, with words of gain that put the pixels into all stages
in turn. Words of gain are those of the very frame, and maps those of its memory cell: no set serves for another one (${rate})`,
  values: `of pedestals and factors one for each gain stage, the most sensitive first. A factor of 0 says that the pixel
measures nothing. Its stage is the number of thresholds that its word of gain is above.`,
  others: `Maps of another dark run are to be of the formats above: ${command}
writes those of the first memory cell as \`golden/maps_set.bin\`, and all else as it is here; \`vetoc export onnx\` with the same options
those of every cell as \`maps.h5\`.`,
});

/** Empty for a design that starts at counts; `backend`: the command of `vetoc export` that writes such a project. */
export function mapsText({ graph, plan, clockMHz }: Design, backend: 'hls' | 'rtl'): string {
  const beat = mapsBeatOf(plan);
  if (beat === null) return '';
  const words = wordsPerFrame(receiveOf(plan).outputs[0]!);
  const rows = beat.maps.map(({ stream: { node, shape, format }, first }) => {
    const last = first + plan.pixelsPerClock * shape[2] * format.width - 1;
    return `| ${node} | ${first} to ${last} | ${shape[2]} | \`${formatType(format)}\` |`;
  });
  const formats = beat.maps
    .slice(0, 2)
    .map(({ stream: { format: of } }) => `ap_${of.signed ? '' : 'u'}fixed<${of.width},${of.integer}>`);
  const rate = `${((beat.bits * clockMHz) / 8000).toFixed(1)} GB/s at a beat a cycle`;
  const hasGains = graph.nodes.some((node) => node.kind === 'calibrate' && node.select.by === 'thresholds');
  const command = `\`vetoc export ${backend} RUN --maps OTHER --map-formats '${formats.join()}'\``;
  const { set, values, others } = (hasGains ? ofEachFrame : inACircle)(rate, command);
  return `
**Maps in** (AXI4-Stream \`maps\`, ${beat.bits} bits): what comes with every frame of words beside them, a set of ${words} beats, one for each beat of
pixels, and a beat whose low 32 bits are the CRC-32 of all bits before, TLAST with that. \`golden/maps_set.bin\` is a set as it travels,
${beat.bits / 8} bytes a beat, low bits first: ${set}.

| map | bits of a beat | values a pixel | each |
|---|---|---|---|
${rows.join('\n')}

Values lie pixel by pixel; ${values}
A set is taken for each packet with pixels, none for one without. ${others} A set that ends early, does not end, or has another CRC is flagged: its frame is
kept, with \`upset\`, and the next one is right.
`;
}
