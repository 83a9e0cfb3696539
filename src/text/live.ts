/** A live session in words. */
import type { LiveOutcome } from '../live/session.js';
import type { LiveRunEvent } from '../run/live.js';

/** What is said of an event; null: nothing. */
export function liveEventText(event: LiveRunEvent): string | null {
  switch (event.event) {
    case 'open':
      return [
        `waiting for ${event.source}`,
        ...(event.metrics === null ? [] : [`metrics at ${event.metrics}`]),
        ...(event.view === null ? [] : [`page at ${event.view}`]),
      ].join('; ');
    case 'series': {
      const { series, height, width, announced } = event.facts;
      const count = announced === null ? '' : `, ${announced} frames announced`;
      const unfit = event.misfit === null ? '' : ` — ${event.misfit}: all are kept`;
      return `series ${series}: ${height}×${width}${count}${unfit}`;
    }
    case 'series ends':
      return `series ${event.series} ends: ${event.frames} frames, ${event.missing} missing`;
    case 'odd':
      return `not understood, passed on: ${event.problem}`;
    case 'undecodable':
      return `kept undecided: frame ${event.number ?? 'without number'} of series ${event.series}: ${event.problem}`;
    case 'sink':
      return event.problem === null
        ? `${event.sink} takes again`
        : `${event.sink} takes nothing: ${event.problem}; trying on`;
    case 'idle':
    case 'delivered':
      return null;
  }
}

/** What a session did, in a line. */
export function liveText({
  frames,
  kept,
  byReason,
  missing,
  latencyMs,
  undelivered,
  ended,
}: LiveOutcome): string {
  const reasons = Object.entries(byReason)
    .filter(([reason, count]) => count > 0 && reason !== 'score')
    .map(([reason, count]) => `${count} ${reason}`);
  const latency =
    latencyMs === null
      ? ''
      : `; receipt to decision: median ${latencyMs.median.toFixed(1)} ms, 99.9 % ${latencyMs.p999.toFixed(1)} ms`;
  const odd = [...reasons, `${missing} missing`, ...(undelivered > 0 ? [`${undelivered} undelivered`] : [])];
  return `${frames} frames, ${kept} kept (${odd.join(', ')})${latency}; ended: ${ended}`;
}
