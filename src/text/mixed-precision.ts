/** A search for widths in words. */
import { table } from '../core/table.js';
import type { MixedPrecision, NetworkPoint } from '../passes/mixed-precision.js';

const points = (share: number): string => (100 * share).toFixed(2);

function widthsOf({ quantization }: NetworkPoint): string {
  return Object.entries(quantization.layers)
    .map(([name, l]) => `${name} ${l.weightBits ?? '·'}/${l.activationBits ?? '·'}`)
    .join(', ');
}

/** The sensitivities, the front with the network that was picked, in words. */
export function mixedPrecisionText({ sensitivities, front, chosen, measured }: MixedPrecision): string {
  const part = { weightBits: 'weights', activationBits: 'output' } as const;
  const sensitivity = table(
    ['layer', 'of', 'bits', '% of board saved', 'noise added', 'points of hits lost per bit'],
    sensitivities.map((s) => [
      s.knob.layer,
      part[s.knob.part],
      `${s.knob.bits} → ${s.bits}`,
      s.costSaved.toFixed(3),
      s.noiseAdded.toPrecision(2),
      points(s.hitsLostPerBit),
    ]),
  );
  const frontTable = table(
    [
      '',
      '% of board',
      'points of hits lost',
      'counted',
      'score noise',
      'weight/output bits where not as the recipe',
    ],
    front.map((p) => [
      p === chosen ? '→' : '',
      p.cost.toFixed(3),
      points(p.hitsLost),
      points(p.counted),
      p.noise.toPrecision(2),
      widthsOf(p),
    ]),
  );
  return `${sensitivity}\n\nCost and hits lost, ${measured} networks measured (% of board: LUT + FF + DSP + BRAM36; hits lost beside float as expected, and as counted on the validation frames):\n${frontTable}`;
}
