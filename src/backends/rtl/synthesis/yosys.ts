/** Yosys: the program, or where that is not there the npm package `@yowasp/yosys`, which is slower by far. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../core/errors.js';
import { writeFileAtomic } from '../../../core/files.js';
import { temporaryFolder } from '../../../core/temporary.js';
import { died, runProcess } from '../../../simulate/process.js';

/** Files by path. */
export type TextFiles = Readonly<Record<string, string>>;

export interface Yosys {
  /** What it calls itself: `Yosys 0.23`. */
  readonly version: string;
  /** Runs `script` on `files`; gives the text of the files `wanted`, in their order. `onPass`: the pass that begins. */
  readonly run: (
    script: string,
    files: TextFiles,
    wanted: readonly string[],
    onPass: (pass: string) => void,
  ) => Promise<readonly string[]>;
}

/** Minutes that a design is given. */
const MOST_SECONDS = 3600;

/** `2.14. Executing OPT_DFF pass (…).`: steps of the script's commands, not those inside them. */
const PASS = /^\d+\.\d+\. Executing (\S+) pass/;

const brokenOff = (field: string, why: string): UserError =>
  new UserError(`Yosys did not synthesize the design: ${why}`, {
    field,
    remedy:
      'give the command again with memory to spare, or ask for fewer frames per second: a smaller design',
  });

/** `Yosys 0.23 (git sha1 …)` without what stands behind the number. */
export const shortVersion = (text: string): string => text.trim().replace(/ \(.*/s, '');

async function native(field: string): Promise<Yosys | null> {
  const said = await runProcess('yosys', ['-V']);
  if (said.kind !== 'finished' || said.code !== 0) return null;
  return {
    version: shortVersion(said.stdout),
    run: async (script, files, wanted, onPass) => {
      const folder = await temporaryFolder('yosys');
      try {
        for (const [path, text] of Object.entries(files)) await writeFileAtomic(join(folder, path), text);
        const result = await runProcess('yosys', ['-p', script], {
          cwd: folder,
          timeoutSeconds: MOST_SECONDS,
          onLine: (line) => {
            const pass = PASS.exec(line)?.[1];
            if (pass !== undefined) onPass(pass);
          },
        });
        if (result.kind === 'timeout')
          throw brokenOff(field, `it was given up after ${result.seconds / 60} minutes`);
        if (result.kind !== 'finished' || result.code !== 0)
          throw brokenOff(
            field,
            result.kind === 'finished' ? (died(result) ?? result.stderr.trim().slice(-400)) : 'it is gone',
          );
        return await Promise.all(wanted.map((path) => readFile(join(folder, path), 'utf8')));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

type Tree = { [name: string]: Tree | string | Uint8Array };

/** `a/b` in folders, as the package has its files. */
function treeOf(files: TextFiles): Tree {
  const root: Tree = {};
  for (const [path, text] of Object.entries(files)) {
    const parts = path.split('/');
    const name = parts.pop()!;
    let at = root;
    for (const part of parts) at = (at[part] ??= {}) as Tree;
    at[name] = text;
  }
  return root;
}

async function packaged(field: string): Promise<Yosys | null> {
  const found = await import('@yowasp/yosys').catch(() => null);
  if (found === null) return null;
  return {
    version: `Yosys ${found.version} (WebAssembly)`,
    run: async (script, files, wanted, onPass) => {
      let words = '';
      const listen = (bytes: Uint8Array | null): void => {
        const lines = (words + Buffer.from(bytes ?? []).toString('latin1')).split('\n');
        words = lines.pop()!;
        for (const line of lines) {
          const pass = PASS.exec(line)?.[1];
          if (pass !== undefined) onPass(pass);
        }
      };
      try {
        const tree =
          (await found.runYosys(['-p', script], treeOf(files), { stdout: listen, stderr: listen })) ?? {};
        return wanted.map((path) => {
          const content = tree[path];
          if (typeof content === 'string') return content;
          if (content instanceof Uint8Array) return Buffer.from(content).toString('utf8');
          throw brokenOff(field, `it wrote no ${path}`);
        });
      } catch (error) {
        if (error instanceof found.Exit) throw brokenOff(field, `it ended with ${error.code}: ${words}`);
        throw error;
      }
    },
  };
}

/** Yosys as this machine has it, which `field` asks for. Throws `UserError` where it has none. */
export async function findYosys(field = '--synthesize'): Promise<Yosys> {
  const found = (await native(field)) ?? (await packaged(field));
  if (found !== null) return found;
  throw new UserError('Yosys is not installed, which makes cells of the RTL', {
    field,
    remedy:
      'install it (Debian, Ubuntu: apt install yosys; macOS: brew install yosys; anywhere: npm install @yowasp/yosys), or leave the option out: estimates need no tool',
  });
}
