/**
 * What the veto's own prescale says of an audited night: from the misses that it kept, and what is known of them, an unbiased
 * estimate of the hits that are gone, with an exact interval. It needs no second opinion: what a frame truly is comes from the
 * experiment's own analysis (labels) or from a person (verdicts).
 */
import { prescaleChooses, prescaleShare } from '../ir/prescale.js';
import {
  confidenceOfLook,
  lossVerdict,
  meteredLoss,
  type LossVerdict,
  type MeteredInterval,
} from '../statistics/metered-loss.js';
import type { PlainRow } from './database.js';
import type { LedgerContent } from './ledger.js';

/** How an audit meters: the prescale of the firmware, where frames have their numbers from, and the bound. */
export interface MeterSettings {
  /** One in this many misses was kept, under this key. */
  readonly n: number;
  readonly key: number;
  /** The name under which files state the detector's frame number; null: frames count from 0. */
  readonly number: string | null;
  /** The largest share of hits that may be lost; beyond it is an alarm. */
  readonly lost: number;
  readonly confidence: number;
}

/** What was counted. */
export interface MeteredCounts {
  /** Misses whose number is known, of these kept by the prescale, and what is known of those. */
  readonly misses: number;
  readonly keptMisses: number;
  readonly hitsAmongThem: number;
  readonly unjudgedAmongThem: number;
  /** Frames that the score kept: known hits, and those of which nobody knows. */
  readonly keptHits: number;
  readonly keptUnjudged: number;
}

/** Of frames that nobody has judged the interval takes the worst; there is no value then. */
export interface OpenInterval extends Omit<MeteredInterval, 'value'> {
  readonly value: number | null;
}

export interface MeteredNight extends MeteredCounts {
  readonly settings: MeterSettings;
  /** Hits that are gone, and of all hits their share. */
  readonly lost: OpenInterval;
  readonly lostShare: OpenInterval;
  readonly confidence: number;
  readonly verdict: LossVerdict;
}

/** The number of a frame, as its file states it; null where that is no whole number from 0 to 2^64 − 1. */
export function statedNumber(value: string | number | undefined): bigint | null {
  const text = String(value ?? '');
  if (!/^\d{1,20}$/.test(text)) return null;
  const number = BigInt(text);
  return number < 2n ** 64n ? number : null;
}

/** Number of frame `index`, and whether the prescale keeps it should it be a miss. */
export function prescaleOf(
  settings: Pick<MeterSettings, 'n' | 'key' | 'number'>,
  index: number,
  meta: Readonly<Record<string, string | number>>,
): { readonly number: bigint | null; readonly chosen: boolean } {
  const number = settings.number === null ? BigInt(index) : statedNumber(meta[settings.number]);
  return { number, chosen: number !== null && prescaleChooses(number, settings.n, settings.key) };
}

/** The estimate from what was counted, at `confidence`. Exact: an unjudged frame may be either. */
export function meterNight(
  counts: MeteredCounts,
  settings: MeterSettings,
  confidence = settings.confidence,
): MeteredNight {
  const { misses, keptMisses, hitsAmongThem, unjudgedAmongThem, keptHits, keptUnjudged } = counts;
  const share = prescaleShare(settings.n);
  const loss = (hits: number, otherHits: number): ReturnType<typeof meteredLoss> =>
    meteredLoss([{ share, misses, keptMisses, hits }], otherHits, confidence);
  const fewest = loss(hitsAmongThem, keptHits + keptUnjudged);
  const most = loss(hitsAmongThem + unjudgedAmongThem, keptHits);
  const judged = unjudgedAmongThem === 0;
  const lostShare = {
    value: judged && keptUnjudged === 0 ? fewest.lostShare.value : null,
    low: fewest.lostShare.low,
    high: most.lostShare.high,
  };
  return {
    ...counts,
    settings,
    lost: { value: judged ? fewest.lost.value : null, low: fewest.lost.low, high: most.lost.high },
    lostShare,
    confidence,
    verdict: lossVerdict({ lostShare }, settings.lost),
  };
}

/** What a frame truly is: what a person said counts before what its file says. */
const TRUTH = "CASE verdict WHEN 'wrong' THEN NOT keep WHEN 'right' THEN keep ELSE hit END";

/** What the ledger counts, as it stands. `judgedBy`: verdicts are looked at where the ledger was opened to be read. */
async function countMetered(ledger: LedgerContent, verdicts: boolean): Promise<MeteredCounts> {
  const [row] = (await ledger.database.select(`SELECT
    count(*) FILTER (WHERE NOT keep AND number IS NOT NULL)::INTEGER AS misses,
    count(*) FILTER (WHERE NOT keep AND prescaled)::INTEGER AS kept_misses,
    count(*) FILTER (WHERE NOT keep AND prescaled AND is_hit)::INTEGER AS hits,
    count(*) FILTER (WHERE NOT keep AND prescaled AND is_hit IS NULL)::INTEGER AS unjudged,
    count(*) FILTER (WHERE keep AND is_hit)::INTEGER AS kept_hits,
    count(*) FILTER (WHERE keep AND is_hit IS NULL)::INTEGER AS kept_unjudged
    FROM (SELECT *, ${verdicts ? TRUTH : 'hit'} AS is_hit FROM ${verdicts ? 'frames' : 'main.frame_rows'})`)) as [
    PlainRow,
  ];
  const n = (name: string): number => Number(row[name] ?? 0);
  return {
    misses: n('misses'),
    keptMisses: n('kept_misses'),
    hitsAmongThem: n('hits'),
    unjudgedAmongThem: n('unjudged'),
    keptHits: n('kept_hits'),
    keptUnjudged: n('kept_unjudged'),
  };
}

/** The night of `ledger`; null where the audit was not told of a prescale. */
export async function meteredNight(ledger: LedgerContent): Promise<MeteredNight | null> {
  const { meter } = ledger.identity;
  if (meter === null || (await ledger.reference()) === null) return null;
  return meterNight(await countMetered(ledger, true), meter);
}

/** Frames after which a running audit looks at what it has metered so far: each time twice as many. */
const FIRST_LOOK = 256;

/** Which look comes when `done` frames have their row, from 1; 0 before the first. */
export const lookAt = (done: number): number =>
  done < FIRST_LOOK ? 0 : Math.floor(Math.log2(done / FIRST_LOOK)) + 1;

/** A look at a running audit: all looks together are wrong with at most 1 − the confidence that was asked for. */
export async function liveLook(ledger: LedgerContent, look: number): Promise<MeteredNight | null> {
  const { meter } = ledger.identity;
  if (meter === null) return null;
  const counts = await countMetered(ledger, false);
  return meterNight(counts, meter, confidenceOfLook(meter.confidence, look));
}
