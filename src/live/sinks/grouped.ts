/**
 * Rows that are written together: a commit to disk takes as long for one as for hundreds. What fails is kept and written
 * with the next; the sink then takes nothing more, so that what waits stays bounded.
 */

/** Rows in one write at most. */
const MOST_ROWS = 256;
/** How long a row may wait for others. */
const LONGEST_WAIT_MS = 500;

export interface Grouped<T> {
  /** Takes `row`, or rejects and has not taken it. */
  add(row: T): Promise<void>;
  /** Writes what waits. Rejects where that fails; the rows stay. */
  flush(): Promise<void>;
  readonly waiting: () => number;
}

/** `write` takes all rows that it is given, or rejects and has taken none. */
export function grouped<T>(write: (rows: readonly T[]) => Promise<void>): Grouped<T> {
  let rows: T[] = [];
  let timer: NodeJS.Timeout | undefined;
  /** Whether the last write has not ended well, or not yet. */
  let unsure = false;
  let last: Promise<void> = Promise.resolve();

  async function writeAll(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const taken = rows;
    if (taken.length === 0) return;
    unsure = true;
    await write(taken);
    unsure = false;
    rows = rows.slice(taken.length);
  }
  /** One write after the other. */
  function flush(): Promise<void> {
    last = last.catch(() => undefined).then(writeAll);
    return last;
  }

  return {
    async add(row) {
      if (unsure) await flush();
      rows.push(row);
      if (rows.length >= MOST_ROWS) {
        await flush().catch((error: unknown) => {
          rows.splice(rows.indexOf(row), 1);
          throw error;
        });
        return;
      }
      timer ??= setTimeout(() => {
        // Whoever adds the next row hears of it.
        flush().catch(() => undefined);
      }, LONGEST_WAIT_MS);
    },
    flush,
    waiting: () => rows.length,
  };
}
