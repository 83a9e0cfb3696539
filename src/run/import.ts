/** A network trained elsewhere as a float graph in a folder, held against its original. */
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { importNetwork, type ImportedNetwork } from '../frontends/import-network.js';
import type { NetworkClasses } from '../frontends/onnx/import.js';
import { writeGraph } from '../ir/graph-files.js';
import { loadRecipe } from './recipe.js';

export interface ImportRequest {
  /** Folder for `graph.json`. */
  readonly out: string;
  /** Height and width of the raw frames that the network will be used on. */
  readonly frameSize: readonly [number, number];
  /** Recipe whose preprocessing comes before the network. */
  readonly recipe: string;
  /** One for each output of the network, in order; miss and hit for two unless given. */
  readonly classes?: readonly string[];
  /** The classes that are hits; the last unless given. */
  readonly hits?: readonly string[];
}

export interface ImportOutcome extends ImportedNetwork {
  /** Where the graph stands. */
  readonly file: string;
}

/** The classes that the user named, or miss and hit for a network of two logits. */
const classesOf =
  ({ classes, hits }: ImportRequest) =>
  (logits: number): NetworkClasses => {
    const classNames = classes ?? (logits === 2 ? ['miss', 'hit'] : []);
    const hitNames = hits ?? classNames.slice(-1);
    const stray = hitNames.find((name) => !classNames.includes(name));
    if (stray !== undefined)
      throw new UserError(`${stray} is no class`, { field: '--hits', remedy: `name some of --classes` });
    if (classNames.length !== logits || hitNames.length === logits)
      throw new UserError(`the network tells ${logits} classes apart`, {
        field: '--classes',
        remedy: 'name them in the order of its outputs, and those that are hits with --hits',
      });
    return { classNames, hitClasses: classNames.map((name) => hitNames.includes(name)) };
  };

/** Takes in the model file `path`. Throws `UserError`, or `UnsupportedError` with every operator that cannot be taken. */
export async function importToFolder(path: string, request: ImportRequest): Promise<ImportOutcome> {
  const { preprocess } = await loadRecipe(request.recipe);
  const { out, frameSize } = request;
  const imported = await importNetwork({
    path,
    rawSize: frameSize,
    preprocess,
    classes: classesOf(request),
  });
  const file = join(out, 'graph.json');
  await writeGraph(file, 'float', imported.graph);
  return { ...imported, file };
}
