// Builds src/live/unpack/generated/unpack.wasm from unpack.as, and puts it where the compiled code looks for it.
//
// Plain JavaScript, like onnx-codec.mjs: tests and `tsx` need it before anything is built.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const folder = join(import.meta.dirname, '../src/live/unpack');
const built = join(folder, 'generated');
const target = join(built, 'unpack.wasm');

/** Builds the module where it is missing or older than its source or the compiler; says whether it did. */
export async function makeUnpackWasm() {
  const source = readFileSync(join(folder, 'unpack.as'), 'utf8');
  const { version } = createRequire(import.meta.url)('assemblyscript/package.json');
  const key = createHash('sha256').update(`${version}\n${source}`).digest('hex');
  const keyFile = join(built, 'unpack.key');
  if (existsSync(target) && existsSync(keyFile) && readFileSync(keyFile, 'utf8') === key) return false;
  mkdirSync(built, { recursive: true });
  const { main } = await import('assemblyscript/asc');
  // The compiler knows files by the ending .ts, which the rest of the tree's tools would take for TypeScript.
  const { error, stderr } = await main(
    ['unpack.ts', '--outFile', 'unpack.wasm', '--enable', 'simd', '--runtime', 'stub', '-O3', '--noAssert'],
    {
      readFile: (name) => (name === 'unpack.ts' ? source : null),
      writeFile(name, contents) {
        writeFileSync(join(built, name), contents);
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${stderr.toString()}${error.message}`);
  writeFileSync(keyFile, key);
  return true;
}

/** Vitest's global set-up. */
export const setup = async () => void (await makeUnpackWasm());

if (process.argv[1] === import.meta.filename) {
  await makeUnpackWasm();
  const to = join(import.meta.dirname, '../dist/live/unpack/generated/unpack.wasm');
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(target, to);
}
