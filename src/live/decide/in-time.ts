/** Waiting for a decision no longer than its deadline allows. */
import type { Decided } from './crew.js';

/**
 * `decided`, or `late` where that takes longer than `ms`. The clock decides, not which of timer and answer
 * a busy event loop happens to serve first.
 */
export async function inTime(decided: Promise<Decided>, ms: number): Promise<Decided | 'late'> {
  if (ms === Infinity) return decided;
  const end = performance.now() + ms;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms), 'late');
  });
  try {
    const first = await Promise.race([decided, late]);
    return performance.now() > end ? 'late' : first;
  } finally {
    clearTimeout(timer);
  }
}
