/**
 * Which frames train, validate, calibrate and test: frames that share a group never stand on two sides.
 *
 * Splits that the source declares are kept. What it does not declare is carved by group: validation and
 * calibration out of the training frames; everything, where the source declares nothing at all. Groups are dealt
 * by a seeded shuffle inside each class, so that small parts hold every class.
 */
import { createRandom } from '../core/random.js';
import { UserError } from '../core/errors.js';
import type { FrameSource, Split } from './frames.js';

/** Frame indices by what they are for. */
export type Partition = Readonly<Record<Split, readonly number[]>>;

export interface PartitionOptions {
  readonly seed: number;
  /** Shares of the training frames (of all frames for `test`, where no split is declared). */
  readonly validation: number;
  readonly calibration: number;
  readonly test: number;
}

/** Deals the groups of `frames` into parts of the given shares; the rest of the frames come last. */
function deal(
  source: FrameSource,
  frames: readonly number[],
  shares: readonly number[],
  seed: number,
): number[][] {
  const groups = new Map<string, number[]>();
  for (const i of frames) {
    const key = source.label(i).group ?? `frame ${i}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  const strata = new Map<number | null, number[][]>();
  for (const members of groups.values()) {
    const { label } = source.label(members[0]!);
    strata.set(label, [...(strata.get(label) ?? []), members]);
  }
  const parts: number[][] = [...shares.map(() => []), []];
  for (const [label, stratum] of strata) {
    const random = createRandom(seed).fork(`partition ${label}`);
    for (let i = stratum.length - 1; i > 0; i--) {
      const j = random.integer(0, i);
      [stratum[i], stratum[j]] = [stratum[j]!, stratum[i]!];
    }
    const total = stratum.reduce((sum, members) => sum + members.length, 0);
    let next = 0;
    shares.forEach((share, k) => {
      let taken = 0;
      while (taken < Math.round(share * total) && next < stratum.length) {
        taken += stratum[next]!.length;
        parts[k]!.push(...stratum[next++]!);
      }
    });
    for (; next < stratum.length; next++) parts.at(-1)!.push(...stratum[next]!);
  }
  return parts.map((part) => part.sort((a, b) => a - b));
}

/** Whether frames count by their class; else as hits and misses. */
export function countsByClass(source: FrameSource): boolean {
  if (source.classNames === null) return false;
  for (let i = 0; i < source.count; i++) if (source.label(i).label !== null) return true;
  return false;
}

/** Partitions `source`, without the frames whose class (or hit or miss) nobody knows; throws `UserError` when nothing is labelled or a part that is needed stays empty. */
export function partitionFrames(source: FrameSource, options: PartitionOptions): Partition {
  const declared: Record<Split, number[]> = { train: [], validation: [], calibration: [], test: [] };
  const undeclared: number[] = [];
  const byClass = countsByClass(source);
  for (let i = 0; i < source.count; i++) {
    const { label, hit, split } = source.label(i);
    if ((byClass ? label : hit) === null) continue;
    if (split === null) undeclared.push(i);
    else declared[split].push(i);
  }
  if (declared.train.length + undeclared.length === 0)
    throw new UserError('no labelled frames to train on', {
      file: source.name,
      field: 'label',
      remedy: 'give frames with labels (a label or hit dataset, a CSV, class folders)',
    });
  const testShare = declared.test.length === 0 ? options.test : 0;
  const [test, pool] = deal(source, undeclared, [testShare], options.seed) as [number[], number[]];
  declared.test.push(...test);
  declared.train.push(...pool);
  const shares = [
    declared.validation.length === 0 ? options.validation : 0,
    declared.calibration.length === 0 ? options.calibration : 0,
  ];
  const [validation, calibration, train] = deal(source, declared.train, shares, options.seed) as [
    number[],
    number[],
    number[],
  ];
  return {
    train,
    validation: [...declared.validation, ...validation],
    calibration: [...declared.calibration, ...calibration],
    test: declared.test,
  };
}
