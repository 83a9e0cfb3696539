/** What stages say, in words: a line each, and more lines where one does not say it. */
import { meteredText } from '../audit/words.js';
import { table } from '../core/table.js';
import { describeNote } from '../data/notes.js';
import { originalText } from '../frontends/import-network.js';
import { departuresText, statedText } from '../frontends/original/stated.js';
import type { UnreadEdge } from '../ir/unread.js';
import { percent } from '../report/evaluation.js';
import type { StageOutcome, Warning } from '../run/outcomes.js';
import { promiseText } from '../run/stress/words.js';
import type { VerificationRecord } from '../run/verification.js';
import { drillLine } from './drills.js';
import { evaluationTable, lossWarning } from './evaluation.js';
import { mixedPrecisionText } from './mixed-precision.js';
import { describeDifference } from './verification.js';

export interface OutcomeText {
  readonly summary: string;
  /** Empty where the summary says it all. */
  readonly details: string;
}

type Of<K extends StageOutcome['kind']> = Extract<StageOutcome, { kind: K }>;

function trainedText({ network, backend, bestEpoch, epochs, accuracy, resumedAfter }: Of<'trained'>): string {
  const resumed = resumedAfter === null ? '' : `; went on after epoch ${resumedAfter}`;
  return `${network} on ${backend}; best epoch ${bestEpoch} of ${epochs}, validation hit/miss ${percent(accuracy, 1)}${resumed}`;
}

function importedText(outcome: Of<'imported'>): OutcomeText {
  const { network, weights, path, title, comparison, stated } = outcome;
  const compared = comparison === null ? 'no original to compare with' : originalText(comparison);
  return {
    summary: `${network}, ${weights} weights, from ${path} (${title}); ${compared}`,
    details: statedText(stated) ?? '',
  };
}

/** The widths in words. */
function widthsText({ quantization, learned, isOfFile }: Of<'quantized'>): string {
  const { weightBits, activationBits, layers } = quantization;
  if (isOfFile) return 'formats of the network’s own file';
  if (learned !== null) return 'widths learned layer by layer';
  return Object.keys(layers).length === 0
    ? `${weightBits}-bit weights, ${activationBits}-bit activations`
    : 'widths layer by layer';
}

function learnedText(learned: NonNullable<Of<'quantized'>['learned']>): string {
  const bits = (width: number | undefined): string => String(width ?? '');
  return table(
    ['layer', 'bits of weights', 'of outputs'],
    Object.entries(learned).map(([name, { weightBits, activationBits }]) => [
      name,
      bits(weightBits),
      bits(activationBits),
    ]),
  );
}

/** Whether halves are left, where none is to be. */
function tiesText(ties: Of<'quantized'>['ties']): string {
  if (ties === null) return '';
  return ties.length === 0
    ? '; no sum lies halfway between two results, proved for every stage'
    : `; halves are left in ${ties.join(', ')}`;
}

function quantizedText(outcome: Of<'quantized'>): OutcomeText {
  const { calibratedOn, widestAccumulator, search, learned, departures, ties } = outcome;
  const how = calibratedOn === null ? 'trained on in fixed point' : `calibrated on ${calibratedOn} frames`;
  const details = [
    ...(search === null ? [] : [mixedPrecisionText(search)]),
    ...(learned === null ? [] : [learnedText(learned)]),
    ...(departures.length === 0 ? [] : ['Not as the file computes it:', ...departuresText(departures)]),
  ];
  return {
    summary: `${how}: ${widthsText(outcome)}; widest accumulator ${widestAccumulator} bits, proved${tiesText(ties)}`,
    details: details.join('\n'),
  };
}

function prunedText({ weights, nonZero, tried }: Of<'pruned'>): OutcomeText {
  const rows = tried.map((p) => [
    `${Math.round(100 * p.share)} %`,
    String(p.nonZero),
    (100 * p.hitsLost).toFixed(2),
  ]);
  return {
    summary: `${nonZero} of ${weights} weights are left`,
    details: table(['pruned', 'weights not 0', 'points of hits lost'], rows),
  };
}

/** Of each witness that is missing, broke down or differs, what it is. */
function troubles({ notes, witnesses, drills }: VerificationRecord): readonly string[] {
  return [
    ...notes.map((note) => `  ${note}`),
    ...witnesses.flatMap((w) => {
      if (w.skipped !== null) return [`  ${w.witness} is missing: ${w.skipped}`];
      if (w.failed !== null) return [`  ${w.witness} broke down: ${w.failed}`];
      return w.first === null ? [] : [`  ${w.witness}:\n${describeDifference(w.first)}`];
    }),
    ...(drills?.witnesses ?? [])
      .filter((w) => w.failed !== null || w.first !== null)
      .map((w) => {
        const first = w.first === null ? '' : `\n${describeDifference(w.first, 'drill')}`;
        return `  ${w.witness}: ${drillLine(w)}${first}`;
      }),
  ];
}

function verifiedText({ frames, record }: Of<'verified'>): OutcomeText {
  const { witnesses, drills, verdict } = record;
  const compared = [...witnesses, ...(drills?.witnesses ?? [])];
  const sum = (of: (w: (typeof compared)[number]) => number): number =>
    compared.reduce((all, w) => all + of(w), 0);
  const [different, values] = [sum((w) => w.mismatches), sum((w) => w.values)];
  return {
    summary: `${verdict}: ${different} mismatches in ${values} integers on ${frames} frames and in ${drills?.drills ?? 0} drills`,
    details: troubles(record).join('\n'),
  };
}

function countedText({ what, count, kept, knownBefore = 0 }: Of<'counted'>): string {
  const known = knownBefore === 0 ? '' : `, ${knownBefore} known from before`;
  return `${count} ${what}${kept === undefined ? '' : `, ${kept} kept`}${known}`;
}

const line = (summary: string): OutcomeText => ({ summary, details: '' });

/** What came of a stage. */
export function outcomeText(outcome: StageOutcome): OutcomeText {
  switch (outcome.kind) {
    case 'opened': {
      const { frames, size, parts } = outcome;
      return line(
        `${frames}: ${size.join(' × ')}; ${parts.train} train, ${parts.validation} validation, ${parts.calibration} calibration, ${parts.test} test`,
      );
    }
    case 'checked':
      return line(`${outcome.readable} frames can be read, ${outcome.skipped} skipped`);
    case 'trained':
      return line(trainedText(outcome));
    case 'imported':
      return importedText(outcome);
    case 'calibrated':
      return line(`${outcome.frames} frames`);
    case 'quantized':
      return quantizedText(outcome);
    case 'pruned':
      return prunedText(outcome);
    case 'evaluated': {
      const { frames, evaluations } = outcome;
      return {
        summary: `${frames} test frames`,
        details: evaluations.length === 0 ? '' : `${evaluationTable(evaluations)}${lossWarning(evaluations)}`,
      };
    }
    case 'compared':
      return line(`${outcome.frames} frames, ${outcome.different} decided differently`);
    case 'emitted': {
      const { board, decision, written, left } = outcome;
      return {
        summary: `${written.map((w) => `${w.title} (${w.files} files)`).join(', ')} for ${board}${decision === null ? '' : `, a decision ${decision.toFixed(1)} µs after the last pixel`}`,
        details: left.map(({ title, why }) => `  ${title} is not written: ${why}`).join('\n'),
      };
    }
    case 'verified':
      return verifiedText(outcome);
    case 'explained':
      return line(`${outcome.pictures} overlays, maps checked on ${outcome.checkedOn} frames`);
    case 'failed':
      return line(`not made: ${outcome.problem}`);
    case 'reported':
      return line(outcome.file);
    case 'counted':
      return line(countedText(outcome));
    case 'written':
      return line(`${outcome.frames} frames of ${outcome.pixelType} to ${outcome.file}`);
    case 'simulated':
      return line(`${outcome.frames} frames, ${outcome.hits} hits, to ${outcome.file}`);
    case 'mapped':
      return line(`${outcome.maps} maps, ${outcome.regions} regions tried`);
    case 'stressed':
      return line(
        `${outcome.frames} frames, ${outcome.nuisances} nuisances; ${promiseText(outcome.promised)}`,
      );
  }
}

function unreadText({ node, input, rows, columns }: UnreadEdge): string {
  const lines = (n: number, what: string): string[] =>
    n === 0 ? [] : [n === 1 ? `last ${what}` : `last ${n} ${what}s`];
  const parts = [...lines(rows, 'row'), ...lines(columns, 'column')].join(' and the ');
  return `${node} reads nothing of the ${parts} of ${input}: what is there does not change a decision (padding "causal" or another size of the frame or crop would)`;
}

/** What somebody should know, in a line. */
export function warningText(warning: Warning): string {
  switch (warning.about) {
    case 'files':
      return `warning: ${describeNote(warning.note)}`;
    case 'unsure frames':
      return `${warning.unsure} of ${warning.frames} frames are neither hits nor misses for sure and take no part`;
    case 'unread edge':
      return `warning: ${unreadText(warning.edge)}`;
    case 'passed over':
      return `passed over: ${warning.problem}`;
    case 'speed':
    case 'view':
      return warning.problem;
    case 'hits lost':
      return meteredText(warning.night);
  }
}
