/** What another commit emits: its sources in a folder of their own, and its own replay. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = 'test/replay/main.ts';

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 28 });

/** The full name of commit `name`. Throws where there is none, or where it has no replay. */
export function findCommit(name: string): string {
  let commit: string;
  try {
    commit = git('rev-parse', '--verify', '--quiet', `${name}^{commit}`).trim();
  } catch {
    throw new Error(`there is no commit ${name}: name one as git does (HEAD, HEAD~3, a branch, a hash)`);
  }
  if (git('ls-tree', '--name-only', commit, SCRIPT) === '')
    throw new Error(
      `commit ${name} has no ${SCRIPT} yet: name a later one; the first that has it is ${git('log', '--diff-filter=A', '--format=%h', '--', SCRIPT).trim()}`,
    );
  return commit;
}

function addPackages(folder: string): void {
  const lock = (at: string): string => readFileSync(join(at, 'package-lock.json'), 'utf8');
  if (existsSync('node_modules') && lock('.') === lock(folder))
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  else execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
}

/** Writes what `commit` emits to the folder `out` (an absolute path). */
export function emitOf(commit: string, out: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-replay-'));
  try {
    const archive = join(folder, 'sources.tar');
    git('archive', '--format=tar', `--output=${archive}`, commit);
    execFileSync('tar', ['-xf', archive, '-C', folder]);
    addPackages(folder);
    // What a build makes before it compiles: the replay runs the sources themselves.
    const codec = join(folder, '.ci', 'onnx-codec.mjs');
    if (existsSync(codec)) execFileSync(process.execPath, [codec], { cwd: folder, stdio: 'ignore' });
    execFileSync(process.execPath, ['--import', 'tsx', SCRIPT, '--emit', out], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
