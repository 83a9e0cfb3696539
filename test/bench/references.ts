/**
 * The published references, trained to an end, and what the paper shows of its own: one command, resumable.
 *
 *     npx tsx test/bench/references.ts FRAMES.h5 [--out DIR] [--networks alexnet,resnet101] [--full] [--gallery N]
 *
 * FRAMES has labels of the five DiffraNet classes and a train/test split. Each network goes through `vetoc run` by its recipe
 * (alexnet-reference, resnet101-reference: frames binned 4 × 4; with --full those of the paper, 512 × 512 pixels, for which one wants a GPU)
 * into DIR/NAME; a run that is finished is not made again, one that was killed goes on. `report.html` of each run and
 * `DIR/NAME-gallery` then hold the counterparts of Tables 2 to 6 and Figures 6 to 12 of Nawaz et al., J. Appl. Cryst. (2023) 56, 1494;
 * Table 4 (accuracy, precision, recall) and the goals are printed beside the paper's accuracy.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { showEvents } from '../../src/cli/console.js';
import { UserError } from '../../src/core/errors.js';
import { table } from '../../src/core/table.js';
import { explainGallery } from '../../src/run/explain/gallery.js';
import { draftRun } from '../../src/run/folder.js';
import { runPipeline } from '../../src/run/pipeline.js';
import { loadRecipe } from '../../src/run/recipe.js';
import type { Proportion } from '../../src/statistics/proportion.js';

/** Accuracy over the five classes that the paper states for its own trainings on DiffraNet. */
const PUBLISHED = { alexnet: 0.981, resnet101: 0.983 } as const;
type Name = keyof typeof PUBLISHED;
const GOALS = { classes: 0.97, hitMiss: 0.99 } as const;

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

/** The part of `evaluation.json` that is quoted here. */
interface Quoted {
  readonly hitMissAccuracy: Proportion;
  readonly confusion: { readonly accuracy: Proportion };
  readonly veto: { readonly precision: Proportion; readonly recall: Proportion };
}

const percent = ({ value, low, high }: Proportion): string =>
  `${(100 * value).toFixed(1)} [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;

function rows(name: Name, run: string): string[][] {
  const found = JSON.parse(readFileSync(join(run, 'evaluation.json'), 'utf8')) as Record<
    'float' | 'fixed',
    Quoted
  >;
  return (['float', 'fixed'] as const).map((form) => {
    const { hitMissAccuracy, confusion, veto } = found[form];
    const reached = confusion.accuracy.value >= GOALS.classes && hitMissAccuracy.value >= GOALS.hitMiss;
    return [
      `${name}, ${form}`,
      percent(confusion.accuracy),
      percent(hitMissAccuracy),
      percent(veto.precision),
      percent(veto.recall),
      reached ? 'reached' : 'not reached',
      `${(100 * PUBLISHED[name]).toFixed(1)} (five classes, DiffraNet)`,
    ];
  });
}

const isName = (name: string): name is Name => Object.hasOwn(PUBLISHED, name);

async function main(frames: string, out: string): Promise<void> {
  const names = (option('networks') ?? 'alexnet,resnet101').split(',');
  const printed: string[][] = [];
  for (const name of names) {
    if (!isName(name))
      throw new UserError(`'${name}' is no published reference`, {
        field: '--networks',
        remedy: `choose from ${Object.keys(PUBLISHED).join(', ')}`,
      });
    const recipe = await loadRecipe(process.argv.includes('--full') ? name : `${name}-reference`);
    const run = join(out, recipe.name);
    if (!existsSync(run)) {
      const own = { ...recipe, frames: { kind: 'files' as const, paths: [frames], options: {} } };
      const draft = await draftRun(run);
      const emit = showEvents();
      await runPipeline({
        recipe: own,
        draft,
        backend: 'auto',
        dumpIr: null,
        budget: null,
        apTypes: undefined,
        emit,
      });
      await draft.publish();
    }
    const gallery = join(out, `${recipe.name}-gallery`);
    const count = Number(option('gallery') ?? 6);
    if (!existsSync(gallery))
      await explainGallery(run, { frames: [frames], method: 'grad-cam', count, out: gallery }, showEvents());
    printed.push(...rows(name, run));
    console.log(`${name}: ${join(run, 'report.html')}, ${gallery}`);
  }
  const header = ['network', 'five classes %', 'hit/miss %', 'precision %', 'recall %'];
  console.log(
    table(
      [...header, `goal (${100 * GOALS.classes} and ${100 * GOALS.hitMiss} %)`, 'the paper’s own'],
      printed,
    ),
  );
}

const path = process.argv[2];
if (path === undefined || path.startsWith('--'))
  throw new UserError('no frames were named', { remedy: 'npx tsx test/bench/references.ts FRAMES.h5' });
await main(path, option('out') ?? 'out/references');
