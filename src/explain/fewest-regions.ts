/**
 * The smallest set of regions that turns a decision, by removal from the frame or by addition to a frame without any
 * structure, asked of the network itself.
 *
 * A set is found fast: regions are taken in the order of their effect until the decision turns, and those that are not
 * needed are given back. Then all sets of one, two, three, … regions are tried, as long as there are tries left. A
 * network is not monotonic, so that nothing but trying them all proves that no smaller set does it; the answer says up
 * to which number that was done.
 */
import {
  scoresOf,
  withoutRegions,
  withRegionsOf,
  type Occlusion,
  type Region,
  type Scorer,
} from './occlusion.js';

/** A decision and what is asked about it. */
export interface RegionQuestion {
  readonly scorer: Scorer;
  readonly frame: Uint16Array;
  /** `[height, width]` of the frame. */
  readonly size: readonly [number, number];
  /** What each region does alone. */
  readonly occlusion: Occlusion;
  readonly threshold: number;
  /** Sets of two and more regions that may be tried to find a smaller one, besides those of the fast search. */
  readonly tries: number;
}

export interface RegionSet {
  readonly regions: readonly Region[];
  /** Score of the frame with them taken away or added. */
  readonly score: number;
}

export interface FewestRegions {
  /** The smallest set that was found; null where no set that was tried turns the decision. */
  readonly found: RegionSet | null;
  /** No set of so many regions or fewer turns it: all of them were tried. */
  readonly noneUpTo: number;
  /** Sets that were tried. */
  readonly tried: number;
}

/** Whether no smaller set than the one found turns the decision. */
export const provedSmallest = ({ found, noneUpTo }: FewestRegions): boolean =>
  found !== null && noneUpTo === found.regions.length - 1;

/** The fewest regions whose removal turns the decision. */
export function flippingRegions(question: RegionQuestion): Promise<FewestRegions> {
  const { frame, size, occlusion, threshold } = question;
  const keep = occlusion.score >= threshold;
  return fewestRegions(question, {
    make: (regions) => withoutRegions(frame, size, regions),
    turned: (score) => score >= threshold !== keep,
  });
}

/**
 * The fewest regions whose addition to the frame without any structure is enough for the decision. Null when the
 * decision is the same without any of them.
 */
export async function sufficientRegions(question: RegionQuestion): Promise<FewestRegions | null> {
  const { scorer, frame, size, occlusion, threshold } = question;
  const keep = occlusion.score >= threshold;
  const empty = withoutRegions(frame, size, occlusion.regions);
  const [without] = await scorer([empty]);
  if (without! >= threshold === keep) return null;
  return fewestRegions(question, {
    make: (regions) => withRegionsOf(empty, frame, size[1], regions),
    turned: (score) => score >= threshold === keep,
  });
}

/** What is done with a set of regions, and whether that turned the decision. */
interface Change {
  readonly make: (regions: readonly Region[]) => Uint16Array;
  readonly turned: (score: number) => boolean;
}

async function fewestRegions(question: RegionQuestion, change: Change): Promise<FewestRegions> {
  const { occlusion, threshold, tries } = question;
  const order = byEffect(occlusion, occlusion.score >= threshold);
  const single = await firstToTurn(question.scorer, change, subsets(order, 1));
  if (single.found !== null) return { ...single, noneUpTo: 0 };
  const quick = await quickSet(question.scorer, change, order);
  let { found } = quick;
  let tried = single.tried + quick.tried;
  let noneUpTo = 1;
  let left = tries;
  while (found !== null && noneUpTo < found.regions.length - 1) {
    const count = noneUpTo + 1;
    const search = await firstToTurn(question.scorer, change, subsets(order, count), left);
    left -= search.tried;
    tried += search.tried;
    found = search.found ?? found;
    // Out of tries before all were tried; with a set of `count` found, the proof below it stands.
    if (search.found !== null || !search.all) break;
    noneUpTo = count;
  }
  return { found, noneUpTo, tried };
}

/** All regions: those that speak for the decision first, the most effective one in front. */
function byEffect({ regions, effects }: Occlusion, keep: boolean): readonly Region[] {
  const sign = keep ? 1 : -1;
  return regions
    .map((region, i) => ({ region, effect: sign * effects[i]! }))
    .sort((a, b) => b.effect - a.effect)
    .map(({ region }) => region);
}

interface Search {
  readonly found: RegionSet | null;
  readonly tried: number;
  /** True where `found` is null and no set is left that was not tried. */
  readonly all: boolean;
}

/** The first of `sets` that turns the decision, among at most `most` of them. */
async function firstToTurn(
  scorer: Scorer,
  { make, turned }: Change,
  sets: Iterable<readonly Region[]>,
  most = Infinity,
): Promise<Search> {
  let tried = 0;
  const limited = take(sets, most);
  for await (const { choice, score } of scoresOf(scorer, limited.items, make)) {
    tried++;
    if (turned(score)) return { found: { regions: choice, score }, tried, all: false };
  }
  return { found: null, tried, all: !limited.cut() };
}

/** At most `most` of `items`; `cut` says afterwards whether any were left. */
function take<T>(
  items: Iterable<T>,
  most: number,
): { readonly items: Iterable<T>; readonly cut: () => boolean } {
  let cut = false;
  function* first(): Generator<T> {
    let count = 0;
    for (const item of items) {
      if (count++ >= most) {
        cut = true;
        return;
      }
      yield item;
    }
  }
  return { items: first(), cut: () => cut };
}

/** Regions are added in order until the decision turns, then left out where they are not needed. */
async function quickSet(
  scorer: Scorer,
  change: Change,
  order: readonly Region[],
): Promise<Omit<Search, 'all'>> {
  const prefixes = order.map((_, i) => order.slice(0, i + 1));
  let { found, tried } = await firstToTurn(scorer, change, prefixes);
  for (const region of [...(found?.regions ?? [])].reverse()) {
    const fewer = found!.regions.filter((r) => r !== region);
    const [score] = await scorer([change.make(fewer)]);
    tried++;
    if (change.turned(score!)) found = { regions: fewer, score: score! };
  }
  return { found, tried };
}

/** Every set of `count` of `items`; sets of the first items come before those that need a later one. */
export function* subsets<T>(items: readonly T[], count: number): Generator<readonly T[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (let last = count - 1; last < items.length; last++)
    for (const rest of subsets(items.slice(0, last), count - 1)) yield [...rest, items[last]!];
}
