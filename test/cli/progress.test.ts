import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { showEvents } from '../../src/cli/console.js';
import { beginStage } from '../../src/run/events.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** `secondsLeft` after each update: how many seconds later it comes, and what it says is done of 100. */
function leftAfter(updates: readonly (readonly [seconds: number, done: number, total?: number])[]) {
  const events: Record<string, unknown>[] = [];
  const write = vi.fn(() => true);
  const emit = showEvents({
    stream: { isTTY: false, write } as unknown as NodeJS.WriteStream,
    onEvent: (event) => events.push(event as Record<string, unknown>),
  });
  const progress = beginStage(emit, 'Work');
  for (const [seconds, done, total = 100] of updates) {
    vi.advanceTimersByTime(1000 * seconds);
    progress.update(done, total);
  }
  return events.filter(({ event }) => event === 'progress').map(({ secondsLeft }) => secondsLeft);
}

describe('the time left', () => {
  it('goes by the speed since the first step, which carries what had to be set up', () => {
    expect(leftAfter([[30, 1], [6, 4], [6, 7]])).toEqual([null, 192, 186]); // prettier-ignore
  });

  it('goes by the speed of the work that is left, not of what an earlier run did', () => {
    expect(leftAfter([[6, 50], [10, 55]])).toEqual([null, 90]); // prettier-ignore
  });

  it('begins anew with another piece of work', () => {
    expect(leftAfter([[6, 1, 8], [6, 8, 8], [6, 10, 100], [6, 20, 100]])).toEqual([null, null, null, 48]); // prettier-ignore
  });

  it('is not told after too little of it', () => {
    expect(leftAfter([[6, 1], [6, 2]])).toEqual([null, null]); // prettier-ignore
    expect(leftAfter([[6, 1], [12, 2]])).toEqual([null, 1176]); // prettier-ignore
  });
});
