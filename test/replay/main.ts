/**
 * `npm run replay [BASE]`: what a change changes in what is emitted.
 *
 * Without BASE the files are compared with the manifest, and shown against HEAD where they differ. Exit code 0: nothing
 * differs; 1: something does; 2: bad usage.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { emitOf, findCommit } from './base.js';
import { emitAll, type Emitted } from './emit.js';
import { manifestDifferences, readManifest, writeManifest } from './manifest.js';

const USAGE = `usage: npm run replay [BASE]           show what differs from what commit BASE emits (default: from the manifest)
       npm run replay -- --renew       write the manifest again; the commit says why
       npm run replay -- --emit FOLDER write all files there`;

/** Both sides of a comparison stay there, to be looked through with any tool. */
const FOLDER = resolve('out', 'replay');
/** Of a difference: lines of a file that are shown, and characters of a line. */
const SHOWN_LINES = 30;
const SHOWN_CHARACTERS = 160;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function writeAll(folder: string, emitted: Emitted): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of Object.entries(emitted)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

function diff(...options: readonly string[]): string {
  const args = ['diff', '--no-index', '--no-color', ...options, 'base', 'here'];
  const { status, stdout, stderr } = spawnSync('git', args, {
    cwd: FOLDER,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0 && status !== 1) throw new Error(`git diff: ${stderr}`);
  return stdout;
}

/** A difference as a page can hold it. */
const shortened = (text: string): string =>
  text
    .split(/^(?=diff --git )/m)
    .map((file) => {
      const lines = file.trimEnd().split('\n');
      const more = lines.length - SHOWN_LINES;
      return [
        ...lines
          .slice(0, SHOWN_LINES)
          .map((l) => (l.length > SHOWN_CHARACTERS ? `${l.slice(0, SHOWN_CHARACTERS)} …` : l)),
        ...(more > 0 ? [`… ${more} more lines`] : []),
      ].join('\n');
    })
    .join('\n');

/** Shows how `emitted` differs from what `name` emits; whether it does. */
function showAgainst(name: string, emitted: Emitted): boolean {
  const commit = findCommit(name);
  emitOf(commit, join(FOLDER, 'base'));
  writeAll(join(FOLDER, 'here'), emitted);
  const text = diff();
  if (text === '') {
    say(`${Object.keys(emitted).length} files, none differs from what ${name} (${commit.slice(0, 9)}) emits`);
    return false;
  }
  say(`${shortened(text)}\n\n${diff('--stat=120')}\nAll of it: diff -r ${FOLDER}/base ${FOLDER}/here`);
  return true;
}

async function replay(base: string | undefined): Promise<number> {
  if (base !== undefined) {
    findCommit(base);
    return showAgainst(base, await emitAll()) ? 1 : 0;
  }
  const emitted = await emitAll();
  const differences = manifestDifferences(readManifest(), emitted);
  if (differences.length === 0) {
    say(`${Object.keys(emitted).length} files, all as test/replay/manifest.json has them`);
    return 0;
  }
  say(`${differences.join('\n')}\n`);
  showAgainst('HEAD', emitted);
  say('Meant? npm run replay -- --renew, and say in the commit why.');
  return 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { emit: { type: 'string' }, renew: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help === true || positionals.length > 1) {
    say(USAGE);
    return values.help === true ? 0 : 2;
  }
  if (values.emit !== undefined) {
    writeAll(resolve(values.emit), await emitAll());
    return 0;
  }
  if (values.renew === true) {
    writeManifest(await emitAll());
    return 0;
  }
  return replay(positionals[0]);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
  process.exitCode = 2;
}
