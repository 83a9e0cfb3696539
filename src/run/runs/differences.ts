/** Where two plain values differ, by path. */

export interface Difference {
  /** As `training.epochs` or `frames.paths.0`. */
  readonly path: string;
  /** As JSON; undefined where it is not there. */
  readonly left: string | undefined;
  readonly right: string | undefined;
}

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null;

/** Every leaf that is not the same, in the order of the left value. */
export function differences(left: unknown, right: unknown, path = ''): readonly Difference[] {
  if (isPlain(left) && isPlain(right)) {
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    return keys.flatMap((key) => differences(left[key], right[key], path === '' ? key : `${path}.${key}`));
  }
  const [a, b] = [JSON.stringify(left) as string | undefined, JSON.stringify(right) as string | undefined];
  return a === b ? [] : [{ path, left: a, right: b }];
}
