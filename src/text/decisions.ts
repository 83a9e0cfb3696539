/** The decisions of a run on frames, group by group. */
import { table } from '../core/table.js';
import type { FrameDecision } from '../run/evaluate.js';

/** Frames listed in a table's cell. */
const LISTED = 12;

/** Which frames were vetoed, hits first: losing those is what matters. */
function vetoedText(vetoed: readonly FrameDecision[]): string {
  const ordered = [...vetoed.filter((d) => d.hit === true), ...vetoed.filter((d) => d.hit !== true)];
  const listed = ordered.slice(0, LISTED).map((d) => `${d.fileIndex}${d.hit === true ? '!' : ''}`);
  const more = ordered.length - listed.length;
  return `${listed.join(' ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Decisions group by group, and which frames were vetoed; a dash for what nobody has labelled. */
export function decisionsTable(decisions: readonly FrameDecision[], key: string): string {
  const groups = [...new Set(decisions.map((d) => d.group))];
  return table(
    [key, 'frames', 'hits', 'hits vetoed', 'misses', 'misses kept', 'vetoed frames (! a hit)'],
    groups.map((group) => {
      const members = decisions.filter((d) => d.group === group);
      const hits = members.filter((d) => d.hit === true);
      const lost = hits.filter((d) => !d.keep);
      const misses = members.filter((d) => d.hit === false);
      const labelled = hits.length + misses.length > 0;
      const count = (of: readonly FrameDecision[], n: number): string[] =>
        labelled ? [String(of.length), String(n)] : ['–', '–'];
      return [
        group,
        String(members.length),
        ...count(hits, lost.length),
        ...count(misses, misses.filter((d) => d.keep).length),
        vetoedText(members.filter((d) => !d.keep)),
      ];
    }),
  );
}
