/** The words of a command that submits others: which of them are for the tasks, and which for sbatch. */

/** Options of `vetoc slurm` itself, with the number of their words. */
const OWN: Readonly<Record<string, number>> = { '--shards': 2, '--seeds': 2, '--poll': 2, '--vetoc': 2, '--dry-run': 1, '--json': 1 }; // prettier-ignore

export interface SlurmWords {
  /** Of a task's command: what was typed behind `slurm`, without the options of `vetoc slurm` itself. */
  readonly words: readonly string[];
  /** What stands behind `--`. */
  readonly sbatch: readonly string[];
}

/** Parts what was typed behind `vetoc`. */
export function slurmWords(typed: readonly string[]): SlurmWords {
  const end = typed.includes('--') ? typed.indexOf('--') : typed.length;
  const words: string[] = [];
  for (let at = 1; at < end; at++) {
    const word = typed[at]!;
    const own = OWN[word.split('=')[0]!];
    if (own === undefined) words.push(word);
    else if (own === 2 && !word.includes('=')) at += 1;
  }
  return { words, sbatch: typed.slice(end + 1) };
}

/** Of the words of `vetoc run`, those that hold for all recipes: without the recipes, the seed and the folder. */
export function sweepWords(words: readonly string[], recipes: readonly string[]): readonly string[] {
  const rest = words.slice(1).filter((word) => !recipes.includes(word));
  const at = rest.findIndex((word) => word === '--out' || word.startsWith('--out='));
  return rest.filter((_, k) => k !== at && !(k === at + 1 && rest[at] === '--out'));
}
