/**
 * A decision in words: "vetoed: score −37 under threshold −12, 25 levels away; no peak found; evidence spread over the
 * ring at 3.2 Å, where water scatters".
 */
import type { BeamCentre, ResolutionScale } from '../spotfind/layout.js';
import { resolutionOfRadius } from '../spotfind/layout.js';
import type { MeteredNight } from './meter.js';
import type { FrameRow } from './rows.js';

/** A number with a real minus sign. */
export const signed = (value: number, digits = 0): string => value.toFixed(digits).replace('-', '−');

/** What the kept misses say, in a line. */
export function describeMetered(night: MeteredNight): string {
  const { settings, lost, lostShare, verdict, unjudgedAmongThem, keptMisses, hitsAmongThem } = night;
  const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
  const bound = `${percent(settings.lost)} of the hits`;
  const said = {
    within: `within the bound of ${bound}`,
    beyond: `BEYOND the bound of ${bound}`,
    open: `too little was seen to tell whether it is within the bound of ${bound}`,
  }[verdict];
  const value = lost.value === null ? '' : `${lost.value.toFixed(0)}, `;
  const open =
    unjudgedAmongThem === 0 ? '' : `; ${unjudgedAmongThem} kept misses are not judged yet and may be either`;
  return `hits lost: ${value}${lost.low} to ${lost.high} (${percent(lostShare.low)} to ${percent(lostShare.high)} of all hits, confidence ${percent(night.confidence)}), from ${hitsAmongThem} hits among ${keptMisses} misses that the prescale kept: ${said}${open}`;
}

/** The same behind an alarm, where there is one. */
export const meteredText = (night: MeteredNight): string =>
  `${night.verdict === 'beyond' ? 'ALARM: ' : ''}${describeMetered(night)}`;

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** Decision, margin and peaks of a row. `evidence` is what `describeEvidence` says, when there is a map. */
export function describeDecision(row: FrameRow, threshold: number, evidence: string | null = null): string {
  const parts = [decisionWords(row, threshold), peakWords(row)];
  if (row.floatKeep !== null && row.floatKeep !== row.keep)
    parts.push(`the float network would have ${row.floatKeep ? 'kept' : 'vetoed'} it`);
  if (evidence !== null) parts.push(evidence);
  return parts.filter((part) => part !== null).join('; ');
}

function decisionWords(row: FrameRow, threshold: number): string {
  if (row.score === null || row.margin === null)
    return `kept because it is malformed: ${row.problem ?? 'unknown'}`;
  const side = row.margin < 0 ? 'under' : row.margin === 0 ? 'on' : 'over';
  const away =
    row.margin === 0
      ? ''
      : `, ${plural(Math.abs(row.margin), 'level')} (${plural(row.marginBits ?? 0, 'bit')}) away`;
  const problem = row.problem === null ? '' : `; ${row.problem}`;
  return `${row.keep ? 'kept' : 'vetoed'}: score ${signed(row.score)} ${side} threshold ${signed(threshold)}${away}${problem}`;
}

function peakWords({ spots, strongestSnr, resolutionA, resolutionRadius }: FrameRow): string | null {
  if (spots === null) return null;
  if (spots === 0 || strongestSnr === null) return 'no Bragg peak found';
  const reach =
    resolutionA !== null
      ? `, most of them inside ${resolutionA.toFixed(1)} Å`
      : resolutionRadius !== null
        ? `, most of them inside ${Math.round(resolutionRadius)} px`
        : '';
  return `${plural(spots, 'Bragg peak')}, the strongest at ${strongestSnr.toFixed(1)} σ${reach}`;
}

/** Share of the map's sum in its strongest hundredth from which the evidence stands in few places. */
const FOCUSED = 0.25;
/** Share in a ring a twelfth of the frame wide from which it is a ring. */
const RINGED = 0.5;

/** Where the evidence of a map lies. `map` is `height * width`, not negative. */
export function describeEvidence(
  map: Float32Array,
  height: number,
  width: number,
  centre: BeamCentre | null,
  scale: ResolutionScale | null,
): string {
  let sum = 0;
  for (const value of map) sum += value;
  if (sum <= 0) return 'the map shows no evidence at all';
  const sorted = Float32Array.from(map).sort();
  const strongest = sorted.subarray(Math.floor(0.99 * sorted.length)).reduce((a, b) => a + b, 0);
  if (strongest / sum > FOCUSED) {
    const top = map.indexOf(sorted.at(-1)!);
    return `evidence in few places, the strongest at row ${Math.floor(top / width)}, column ${top % width}`;
  }
  const middle = centre ?? { x: (width - 1) / 2, y: (height - 1) / 2 };
  const ring = strongestRing(map, height, width, middle);
  if (ring.share / sum < RINGED) return 'evidence spread over the frame';
  if (ring.radius < ring.width) return 'evidence around the beam';
  if (scale === null) return `evidence spread over the ring at ${Math.round(ring.radius)} px from the beam`;
  const d = resolutionOfRadius(ring.radius, scale);
  const water = d > 2.8 && d < 3.8 ? ', where water scatters' : '';
  return `evidence spread over the ring at ${d.toFixed(1)} Å${water}`;
}

function strongestRing(
  map: Float32Array,
  height: number,
  width: number,
  centre: BeamCentre,
): { readonly radius: number; readonly share: number; readonly width: number } {
  const thickness = Math.max(height, width) / 12;
  const rings = new Float64Array(40);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const bin = Math.min(
        rings.length - 1,
        Math.floor((2 * Math.hypot(x - centre.x, y - centre.y)) / thickness),
      );
      rings[bin]! += map[i]!;
    }
  let best = 0;
  for (let k = 1; k < rings.length - 1; k++)
    if (rings[k]! + rings[k + 1]! > rings[best]! + rings[best + 1]!) best = k;
  return { radius: ((best + 1) * thickness) / 2, share: rings[best]! + rings[best + 1]!, width: thickness };
}
