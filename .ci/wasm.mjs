// Builds the WebAssembly modules of src/live/simd from their .as files, and puts them where the compiled code looks for them.
//
// Plain JavaScript, like onnx-codec.mjs: tests and `tsx` need them before anything is built.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const MODULES = ['unpack', 'preprocess'];
const folder = join(import.meta.dirname, '../src/live/simd');
const built = join(folder, 'generated');

/** Builds the module where it is missing or older than its source or the compiler; says whether it did. */
async function make(name) {
  const target = join(built, `${name}.wasm`);
  const source = readFileSync(join(folder, `${name}.as`), 'utf8');
  const { version } = createRequire(import.meta.url)('assemblyscript/package.json');
  const key = createHash('sha256').update(`${version}\n${source}`).digest('hex');
  const keyFile = join(built, `${name}.key`);
  if (existsSync(target) && existsSync(keyFile) && readFileSync(keyFile, 'utf8') === key) return false;
  mkdirSync(built, { recursive: true });
  const { main } = await import('assemblyscript/asc');
  // The compiler knows files by the ending .ts, which the rest of the tree's tools would take for TypeScript.
  const { error, stderr } = await main(
    [`${name}.ts`, '--outFile', `${name}.wasm`, '--enable', 'simd', '--runtime', 'stub', '-O3', '--noAssert'],
    {
      readFile: (file) => (file === `${name}.ts` ? source : null),
      writeFile(file, contents) {
        writeFileSync(join(built, file), contents);
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${stderr.toString()}${error.message}`);
  writeFileSync(keyFile, key);
  return true;
}

/** Vitest's global set-up. */
export const setup = async () => {
  for (const name of MODULES) await make(name);
};

if (process.argv[1] === import.meta.filename) {
  await setup();
  const to = join(import.meta.dirname, '../dist/live/simd/generated');
  mkdirSync(to, { recursive: true });
  for (const name of MODULES) copyFileSync(join(built, `${name}.wasm`), join(to, `${name}.wasm`));
}
