/** The page for Python users: its commands, its lines of Python, and the notebook that repeats them. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMissing, testTool } from '../../tools.js';

const sourceOf = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../src/${name}`, import.meta.url)), 'utf8');

const PYTHON = testTool('outputs');
export const missesPython = isMissing(PYTHON);

/** The blocks of the page in `language`. */
export const blocksOf = (language: 'sh' | 'python'): readonly string[] =>
  [...sourceOf('python.md').matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , text]) => text!.trimEnd());

/** Code of the notebook, cell by cell. */
export function notebookCode(): readonly string[] {
  const { cells } = JSON.parse(sourceOf('python.ipynb')) as {
    readonly cells: readonly { readonly cell_type: string; readonly source: readonly string[] }[];
  };
  return cells.filter((cell) => cell.cell_type === 'code').map(({ source }) => source.join(''));
}

/** What `code` prints, run in `folder`; throws with Python's own words. */
export function python(code: string, folder: string): string {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', code], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Runs the notebook as Jupyter does, in `folder`; what its cells print. */
export const runNotebook = (folder: string): string =>
  python(
    `
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(${JSON.stringify(fileURLToPath(new URL('../../../src/python.ipynb', import.meta.url)))}, as_version=4)
nbformat.validate(notebook)
NotebookClient(notebook, timeout=300, resources={'metadata': {'path': '.'}}).execute()
for cell in notebook.cells:
    for output in cell.get('outputs', []):
        print(output.get('text', ''), end='')
`,
    folder,
  );
