/**
 * The series that a session is in, and those that it was in shortly before: after a source died, what it had sent may come
 * behind what the next one sends, and after a pause a series may go on.
 */
import { joinTwo } from '../data/masking.js';
import type { SeriesSetup } from './decide/work.js';
import { createNumbering, type Numbering } from './numbering.js';
import type { LiveSettings } from './settings.js';
import type { LiveFrame, SeriesFacts } from './source.js';

export interface Series {
  readonly name: string;
  /** Null of a series that nobody announced. */
  readonly facts: SeriesFacts | null;
  readonly setup: SeriesSetup;
  readonly numbering: Numbering;
  /** Why its frames are not decided as networks and maps are now; null where they are. */
  readonly misfit: () => string | null;
  frames: number;
  open: boolean;
}

export interface SeriesBook {
  /** A series begins, and the one before ends. */
  begin(facts: SeriesFacts | null, name: string): void;
  end(): void;
  /** That of `frame`: one that nobody announced begins with its first frame. */
  of(frame: LiveFrame): Series;
  readonly isOpen: () => boolean;
  /** Numbers that never came, and that came again, in all series. */
  readonly missing: () => number;
  readonly repeated: () => number;
}

/** Series that are remembered. */
const SERIES_KEPT = 4;

export function createSeriesBook(
  misfit: (facts: SeriesFacts) => string | null,
  settings: Pick<LiveSettings, 'mask' | 'overloads'>,
  onBegin: (series: Series) => void,
  onEnd: (series: Series) => void,
): SeriesBook {
  /** The newest last. */
  const known: Series[] = [];
  let [serial, missing, repeated] = [0, 0, 0];

  function end(): void {
    const current = known.at(-1);
    if (current?.open !== true) return;
    current.open = false;
    onEnd(current);
  }

  function begin(facts: SeriesFacts | null, name: string): Series {
    end();
    const one: Series = {
      name,
      facts,
      setup: {
        series: serial++,
        rule: facts?.rule ?? { sentinels: [], below: null, above: null, saturation: null },
        mask: joinTwo(settings.mask, facts?.mask ?? null),
        overloads: settings.overloads,
      },
      numbering: createNumbering(),
      misfit: () => (facts === null ? null : misfit(facts)),
      frames: 0,
      open: true,
    };
    known.push(one);
    if (known.length > SERIES_KEPT) {
      const { numbering } = known.shift()!;
      missing += numbering.missing();
      repeated += numbering.repeated();
    }
    onBegin(one);
    return one;
  }

  const all = (count: (numbering: Numbering) => number): number =>
    known.reduce((sum, { numbering }) => sum + count(numbering), 0);
  return {
    begin: (facts, name) => {
      begin(facts, name);
    },
    end,
    of({ series }) {
      const current = known.at(-1);
      if (current?.open === true && series === '') return current;
      const one = known.findLast(({ name }) => name === series);
      if (one === undefined) return begin(null, series);
      // A pause had ended it.
      if (one === current) one.open = true;
      return one;
    },
    isOpen: () => known.at(-1)?.open === true,
    missing: () => missing + all((numbering) => numbering.missing()),
    repeated: () => repeated + all((numbering) => numbering.repeated()),
  };
}
