/** A verification in words: one block a witness, then what no frame has shown. */
import type { ProofRecord } from '../run/proofs.js';
import { proofLines } from './proofs.js';
import type { Trace } from '../verify/trace.js';
import type { FirstDifference } from '../verify/investigate.js';
import { drillLine, drillTable, unseenByFrames } from './drills.js';
import type { WitnessDrills } from '../verify/drills/run.js';
import type { Verification, WitnessReport } from '../verify/verify.js';

/** Terms printed of an element: the largest contributions. */
const TERMS = 12;
const LISTED_PIXELS = 16;

function traceLines(trace: Trace): string[] {
  const weighty = trace.terms
    .map((t) => ({ ...t, product: t.value * t.weight }))
    .sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
  const lines = weighty
    .slice(0, TERMS)
    .map(
      (t) =>
        `      ${t.stage} (${t.y}, ${t.x}) channel ${t.channel}: ${t.value} × ${t.weight} = ${t.product}`,
    );
  const rest = weighty.slice(TERMS);
  if (rest.length > 0)
    lines.push(`      and ${rest.length} more that sum to ${rest.reduce((sum, t) => sum + t.product, 0)}`);
  if (trace.accumulator !== null)
    lines.push(
      `      bias ${trace.bias ?? 0}; accumulator ${trace.accumulator} in units of 2^${-(trace.fraction ?? 0)}`,
    );
  return lines;
}

function minimalLine({ minimal }: FirstDifference): string[] {
  if (minimal === null) return [];
  const { pixels } = minimal;
  if (pixels.length === 0) return ['    smallest frame that shows it: all pixels 0'];
  const listed = pixels
    .slice(0, LISTED_PIXELS)
    .map((p) => `(${p.y}, ${p.x}) = ${p.value}`)
    .join(', ');
  const more = pixels.length > LISTED_PIXELS ? `, and ${pixels.length - LISTED_PIXELS} more` : '';
  return [`    smallest frame that shows it: ${listed}${more}; every other pixel 0`];
}

/** A difference, what went into it, and the smallest frame found. */
export function describeDifference(first: FirstDifference, shownBy: 'frame' | 'drill' = 'frame'): string {
  const trace =
    first.trace === null ? [] : ['    what went in, by the interpreter:', ...traceLines(first.trace)];
  return [`    ${shownBy} ${first.frame}, ${first.text}`, ...trace, ...minimalLine(first)].join('\n');
}

/** What was seen of the prescale. */
function prescaleLine(w: WitnessReport): string[] {
  if (w.frames === 0) return [];
  if (w.prescaledFrames === 0) return ['    prescale: it has none'];
  return [
    `    prescale: decided ${w.prescaledFrames} frames, of which it alone kept ${w.keptByPrescale === 0 ? 'none: not exercised' : w.keptByPrescale}`,
  ];
}

function witnessLines(w: WitnessReport, drills: WitnessDrills | undefined): string {
  if (w.skipped !== null) return `  ${w.witness}: missing — ${w.skipped}`;
  const head = `  ${w.witness} (${w.version}): ${w.mismatches} of ${w.values} integers differ, on ${w.differentFrames} of ${w.frames} frames`;
  return [
    head,
    ...(w.failed === null ? [] : [`    broke down: ${w.failed}`]),
    ...prescaleLine(w),
    ...(w.first === null ? [] : [describeDifference(w.first)]),
    ...(drills === undefined ? [] : [`    ${drillLine(drills)}`]),
    ...(drills?.first ? [describeDifference(drills.first, 'drill')] : []),
  ].join('\n');
}

/** Everything that was found, for a terminal. */
export function describeVerification(v: Verification & { readonly proofs?: ProofRecord }): string {
  const frames = Object.entries(v.frames).map(([kind, count]) => `${count} ${kind}`);
  const unseen =
    v.coverage.unseen.length === 0
      ? ['  Every stage has saturated, tied and taken both signs wherever it can.']
      : [
          `  Not exercised by the ${v.coverage.frames} whole frames that coverage was counted on:`,
          ...unseenByFrames(v.coverage, v.drills).map((line) => `    ${line}`),
        ];
  return [
    `Verdict: ${v.verdict} (against the interpreter, on ${frames.join(', ')} frames)`,
    ...v.witnesses.map((w) =>
      witnessLines(
        w,
        v.drills?.witnesses.find((d) => d.witness === w.witness),
      ),
    ),
    ...(v.drills === null ? [] : drillTable(v.coverage, v.drills)),
    ...unseen,
    ...(v.proofs === undefined ? [] : proofLines(v.proofs)),
  ].join('\n');
}
