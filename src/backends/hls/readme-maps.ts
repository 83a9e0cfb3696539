/** How the maps of raw words come in, for the README of a project. */
import { formatType } from './cpp.js';
import type { Design } from '../dataflow/design.js';
import { receiveOf, wordsPerFrame } from '../dataflow/plan.js';
import { mapsBeatOf } from './maps-beat.js';

/** Empty for a design that starts at counts; `backend`: the command of `vetoc export` that writes such a project. */
export function mapsText({ plan, clockMHz }: Design, backend: 'hls' | 'rtl'): string {
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
  return `
**Maps in** (AXI4-Stream \`maps\`, ${beat.bits} bits): what comes with every frame of words beside them, a set of ${words} beats, one for each beat of
pixels, and a beat whose low 32 bits are the CRC-32 of all bits before, TLAST with that. \`golden/maps_set.bin\` is a set as it travels,
${beat.bits / 8} bytes a beat, low bits first: what a DMA reads in a circle from DDR or HBM (${((beat.bits * clockMHz) / 8000).toFixed(1)} GB/s at a beat a cycle).

| map | bits of a beat | values a pixel | each |
|---|---|---|---|
${rows.join('\n')}

Values lie pixel by pixel; of a pixel one for each gain stage, the most sensitive first. A factor of 0 says that the pixel measures nothing.
A set is taken for each packet with pixels, none for one without. Another set (after a dark run) counts from the next frame on when the DMA
goes on with it behind a TLAST; its formats are those above: \`vetoc export ${backend} RUN --maps OTHER --map-formats '${formats.join()}'\`
writes it as \`golden/maps_set.bin\`, and all else as it is here. A set that ends early, does not end, or has another CRC is flagged: its frame is
kept, with \`upset\`, and the next one is right.
`;
}
