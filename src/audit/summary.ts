/**
 * The figures of an audit: what the report, the page and the command line say, computed once from the ledger.
 * They are read from the ledger as it stands, so an unfinished audit has figures too.
 */
import type { PlainRow } from './database.js';
import {
  estimateLostHits,
  estimateReviewed,
  type Estimate,
  type LostHits,
  type TestAccuracy,
} from '../statistics/estimate.js';
import { meteredNight, type MeteredNight } from './meter.js';
import { proportion, type Proportion } from '../statistics/proportion.js';
import { FLAG_NAMES, type FlagLimits, type FlagName } from './flags.js';
import type { LedgerContent } from './ledger.js';

export interface AuditSummary {
  readonly network: string;
  readonly threshold: number;
  readonly frames: number;
  /** Frames that have their row. */
  readonly audited: number;
  readonly finished: boolean;
  readonly vetoed: number;
  readonly kept: number;
  readonly flags: Readonly<Record<FlagName, number>>;
  readonly limits: FlagLimits;
  /** Reference frames, and the finder's accuracy on them. */
  readonly reference: { readonly frames: number; readonly accuracy: TestAccuracy | null };
  /** Decision against second opinion: frames whose spots reach the threshold. */
  readonly opinion: { readonly vetoedPositive: number; readonly keptPositive: number };
  /** From the misses that the prescale kept; null where the audit was not told of a prescale. */
  readonly metered: MeteredNight | null;
  /** Null where the finder was never compared with the truth. */
  readonly lostHits: LostHits | null;
  /** From verdicts on the review sample; null while they are too few. */
  readonly reviewed: Estimate | null;
  /** Where the frames carry the truth. */
  readonly truth: {
    readonly hits: number;
    readonly hitsLost: number;
    readonly misses: number;
    readonly missesKept: number;
  } | null;
  /** Patterns that can be indexed, vetoed of all, where the frames say so. */
  readonly indexable: Proportion | null;
  readonly verdicts: Readonly<Record<'right' | 'wrong' | 'unsure', number>>;
  readonly driftWindows: number;
}

const whole = (value: unknown): number => Number(value ?? 0);

/** Reads the figures. Throws `UserError` where the reference is not made yet. */
export async function summarizeAudit(ledger: LedgerContent): Promise<AuditSummary | null> {
  const reference = await ledger.reference();
  if (reference === null) return null;
  const { database, identity } = ledger;
  const spotsEnough = `coalesce(spots >= ${reference.limits.spotThreshold}, false)`;
  const flagSums = FLAG_NAMES.map((name) => `count(*) FILTER (WHERE ${name})::INTEGER AS ${name}`).join(', ');
  const [row] = (await database.select(`SELECT count(*)::INTEGER AS audited,
    count(*) FILTER (WHERE NOT keep)::INTEGER AS vetoed,
    count(*) FILTER (WHERE NOT keep AND ${spotsEnough})::INTEGER AS vetoed_positive,
    count(*) FILTER (WHERE keep AND ${spotsEnough})::INTEGER AS kept_positive,
    count(*) FILTER (WHERE hit)::INTEGER AS hits, count(*) FILTER (WHERE hit AND NOT keep)::INTEGER AS hits_lost,
    count(*) FILTER (WHERE indexable IS NOT NULL)::INTEGER AS tried, count(*) FILTER (WHERE indexable)::INTEGER AS patterns,
    count(*) FILTER (WHERE indexable AND NOT keep)::INTEGER AS patterns_lost,
    count(*) FILTER (WHERE NOT hit)::INTEGER AS misses, count(*) FILTER (WHERE NOT hit AND keep)::INTEGER AS misses_kept,
    count(*) FILTER (WHERE verdict = 'right')::INTEGER AS said_right,
    count(*) FILTER (WHERE verdict = 'wrong')::INTEGER AS said_wrong,
    count(*) FILTER (WHERE verdict = 'unsure')::INTEGER AS said_unsure, ${flagSums} FROM frames`)) as [
    PlainRow,
  ];
  const n = (name: string): number => whole(row[name]);
  const [kept, vetoed] = [n('audited') - n('vetoed'), n('vetoed')];
  return {
    network: identity.network,
    threshold: identity.threshold,
    frames: identity.count,
    audited: n('audited'),
    finished: await ledger.finished(),
    vetoed,
    kept,
    flags: Object.fromEntries(FLAG_NAMES.map((name) => [name, n(name)])) as Record<FlagName, number>,
    limits: reference.limits,
    reference: { frames: reference.frames, accuracy: reference.accuracy },
    opinion: { vetoedPositive: n('vetoed_positive'), keptPositive: n('kept_positive') },
    metered: await meteredNight(ledger),
    lostHits:
      reference.accuracy === null
        ? null
        : estimateLostHits(
            { total: vetoed, positives: n('vetoed_positive') },
            { total: kept, positives: n('kept_positive') },
            reference.accuracy,
          ),
    reviewed: await reviewedEstimate(ledger, { with: n('vetoed_positive'), all: vetoed }),
    truth:
      n('hits') + n('misses') === 0
        ? null
        : {
            hits: n('hits'),
            hitsLost: n('hits_lost'),
            misses: n('misses'),
            missesKept: n('misses_kept'),
          },
    indexable: n('tried') === 0 ? null : proportion(n('patterns_lost'), n('patterns')),
    verdicts: { right: n('said_right'), wrong: n('said_wrong'), unsure: n('said_unsure') },
    driftWindows: whole(
      (await database.select('SELECT count(*)::INTEGER AS n FROM windows WHERE drifted'))[0]!['n'],
    ),
  };
}

async function reviewedEstimate(
  { database }: LedgerContent,
  vetoed: { readonly with: number; readonly all: number },
): Promise<Estimate | null> {
  const judged = await database.select(`SELECT with_peaks, count(*)::INTEGER AS judged,
    count(*) FILTER (WHERE v.verdict = 'wrong')::INTEGER AS wrong
    FROM review_sample s JOIN verdicts v ON v.frame = s.frame WHERE v.verdict <> 'unsure' GROUP BY with_peaks`);
  const stratum = (withPeaks: boolean, total: number): Parameters<typeof estimateReviewed>[0][number] => {
    const row = judged.find((one) => one['with_peaks'] === withPeaks);
    return { total, judged: whole(row?.['judged']), wrong: whole(row?.['wrong']) };
  };
  return estimateReviewed([stratum(true, vetoed.with), stratum(false, vetoed.all - vetoed.with)]);
}
