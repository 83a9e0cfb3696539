/** Runs, recipes and networks in tables. */
import { table } from '../core/table.js';
import type { Beside, PairedRuns, RunDifference } from '../report/run-difference.js';
import { dateText } from '../report/run-facts.js';
import type { ListedRun } from '../run/runs/list.js';
import type { Recipes } from '../run/runs/recipes.js';

const ofTotal = (p: ListedRun['hitsLost']): string => (p === null ? '–' : `${p.count}/${p.total}`);

/** A row a run; a run that cannot be read says why below. */
export function runsTable(runs: readonly ListedRun[]): string {
  const whole = runs.filter(({ problem }) => problem === null);
  const rows = whole.map((run) => [
    run.dir,
    run.began === null ? '–' : dateText(run.began),
    run.recipe,
    String(run.seed),
    run.target,
    ofTotal(run.hitsLost),
    ofTotal(run.missesKept),
    run.verdict ?? '–',
  ]);
  const header = ['run', 'began', 'recipe', 'seed', 'board', 'hits lost', 'misses kept', 'verified'];
  const problems = runs.flatMap(({ dir, problem }) =>
    problem === null ? [] : [`${dir} cannot be read: ${problem}`],
  );
  return [table(header, rows), ...problems].join('\n');
}

export const recipesText = ({ recipes, networks }: Recipes): string =>
  [
    recipes
      .map(
        ({ name, network, target, description }) => `${name}: ${network}, for ${target}\n    ${description}`,
      )
      .join('\n'),
    table(
      ['network', ''],
      networks.map(({ name, summary }) => [name, summary]),
    ),
    'vetoc run RECIPE runs one. A recipe of your own is a JSON file: begin with the recipe.json of a run, or with calibration/RECIPE.json.',
  ].join('\n\n');

const besides = (title: string, { left, right }: RunDifference, rows: readonly Beside[]): string =>
  rows.length === 0
    ? `${title}: the same in both.`
    : table(
        [title, left, right],
        rows.map((row) => [row.what, row.left, row.right]),
      );

function pairedText({ left, right }: RunDifference, paired: PairedRuns): string {
  const rows = (['hits', 'misses'] as const).map((kind) => [kind, ...paired[kind].map(String)]);
  return (
    `${table(['decided rightly', 'by both', `by ${left} alone`, `by ${right} alone`, 'by neither'], rows)}\n` +
    `${paired.which} McNemar's exact test: p = ${paired.pHits.toPrecision(2)} of hits, ${paired.pAll.toPrecision(2)} of all ${paired.frames} frames.`
  );
}

export const differenceText = (found: RunDifference): string =>
  [
    found.paired === null ? (found.unpaired ?? '') : pairedText(found, found.paired),
    besides('asked for', found, found.recipe),
    besides('format', found, found.formats),
    `${besides('firmware, estimated', found, found.firmware)}`,
  ].join('\n\n');
