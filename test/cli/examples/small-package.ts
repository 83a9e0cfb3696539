/**
 * vetoc as it is installed, in a folder of its own, so that `vetoc` is a word of the shell: the code of here, with recipes of fewer
 * frames, epochs and witnesses. What an example says stays what is run.
 */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  verbatimModuleSyntax: true,
};

/** Of every witness but ONNX Runtime the compilers take longer than all else. */
const VERIFY = { frames: 4, tensorFrames: 1, witnesses: ['onnxruntime'] };

interface RecipeFile {
  readonly frames: { readonly count: number };
  readonly training: {
    readonly epochs: number;
    readonly simulated?: { readonly frames: number };
  };
}

/** What a recipe has at most. */
export interface Size {
  readonly frames: number;
  readonly epochs: number;
}

/** As many frames and epochs at most. */
const smaller = (recipe: RecipeFile, { frames, epochs }: Size): object => ({
  ...recipe,
  frames: { ...recipe.frames, count: Math.min(recipe.frames.count, frames) },
  verify: VERIFY,
  training: {
    ...recipe.training,
    epochs: Math.min(recipe.training.epochs, epochs),
    ...(recipe.training.simulated && {
      simulated: { ...recipe.training.simulated, frames: Math.min(recipe.training.simulated.frames, frames) },
    }),
  },
});

function compile(from: string, to: string): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.parentPath.includes('view/page')) continue;
    const file = join(entry.parentPath, entry.name);
    const out = join(to, file.slice(from.length));
    mkdirSync(dirname(out), { recursive: true });
    if (!entry.name.endsWith('.ts')) {
      copyFileSync(file, out);
      continue;
    }
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), { compilerOptions: OPTIONS });
    writeFileSync(out.replace(/\.ts$/, '.js'), outputText);
  }
}

/** Writes the package into `folder`, its recipes no larger than `sizes`; returns the folder that `vetoc` lies in. */
export function writePackage(folder: string, sizes: Readonly<Record<string, Size>>): string {
  compile(join(ROOT, 'src'), join(folder, 'dist'));
  for (const name of ['node_modules', 'hls-templates', 'targets', 'src', 'package.json'])
    symlinkSync(join(ROOT, name), join(folder, name));
  cpSync(join(ROOT, 'calibration'), join(folder, 'calibration'), { recursive: true });
  for (const [name, size] of Object.entries(sizes)) {
    const file = join(folder, 'calibration', `${name}.json`);
    const recipe = JSON.parse(readFileSync(file, 'utf8')) as RecipeFile;
    writeFileSync(file, JSON.stringify(smaller(recipe, size)));
  }
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const main = join(folder, 'dist/cli/main.js');
  writeFileSync(join(bin, 'vetoc'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, {
    mode: 0o755,
  });
  // Where vetoc is installed `npx vetoc` is the same.
  writeFileSync(join(bin, 'npx'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  return bin;
}
