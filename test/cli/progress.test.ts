import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { showEvents } from '../../src/cli/console.js';
import { beginStage } from '../../src/run/events.js';
import type { Steps } from '../../src/run/progress.js';
import { stepsText } from '../../src/text/progress.js';

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

  it('begins with the first step also where a line before it says that nothing is done yet', () => {
    expect(leftAfter([[0, 0], [60, 4], [6, 7], [6, 10]])).toEqual([null, null, 186, 180]); // prettier-ignore
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

describe('a line of progress', () => {
  const lines = (updates: readonly (readonly [seconds: number, done: number])[]): readonly string[] => {
    const written: string[] = [];
    const write = (line: string): boolean => written.push(line.trim()) > 0;
    const emit = showEvents({ stream: { isTTY: false, write } as unknown as NodeJS.WriteStream });
    const progress = beginStage(emit, 'Score');
    for (const [seconds, done] of updates) {
      vi.advanceTimersByTime(1000 * seconds);
      progress.update(done, 100, { of: 'frames', isTimed: true });
    }
    return written;
  };

  it('tells a speed when there is one to tell', () => {
    expect(lines([[0, 100]])).toEqual(['Score 100/100 frames']);
    expect(lines([[0, 0], [5, 20], [5, 50]])).toEqual([
      'Score 0/100 frames',
      'Score 20/100 frames',
      'Score 50/100 frames, 6.0 a second, 8.3 s left',
    ]); // prettier-ignore
  });

  it('has words for whatever is counted', () => {
    expect(
      [
        { of: 'steps' },
        { of: 'scores', by: 'float' },
        { of: 'training', backend: 'wasm', epoch: 2, epochs: 9, loss: 0.25, accuracy: 0.978 },
        { of: 'training', backend: 'wasm', epoch: 1, epochs: 9, loss: 0.5, accuracy: null },
        { of: 'witnesses', prepare: ['compiling', 'building'] },
        { of: 'strengths', nuisance: null },
        { of: 'prunings', share: 0.25 },
        { of: 'map checks', part: 'randomised' },
      ].map((steps) => stepsText(steps as Steps)),
    ).toEqual([
      '',
      'frames in float',
      '% on wasm, epoch 2/9, loss 0.250, validation 97.8 %',
      '% on wasm, epoch 1/9, loss 0.500',
      'compiling, building',
      'frames as they are',
      '25 % of the weights at 0',
      'randomised networks',
    ]);
  });
});
