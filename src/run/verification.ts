/**
 * Verifying what stands in a run folder: the files themselves are what the witnesses run, never something emitted
 * anew. Also what `verify.json` holds.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { NODE_VERSION } from '../core/machine.js';
import { createRandom } from '../core/random.js';
import type { FixedGraph } from '../ir/graph.js';
import { createInterpreterPool } from '../simulate/interpret-pool.js';
import { BACKENDS } from '../backends/index.js';
import type { AskProofs } from '../backends/backend.js';
import type { OrtProvider } from '../backends/onnx/ort/session.js';
import type { MissingWitness, Witness } from '../simulate/witness.js';
import { aimedFrames, patternFrames, randomFrames, type NamedFrame } from '../verify/frames.js';
import { drillBudget } from '../verify/drills/budget.js';
import type { DrillOptions } from '../verify/drills/make.js';
import { searchedFrames } from '../verify/search.js';
import { verify, type Verdict, type Verification, type VerifyOptions } from '../verify/verify.js';
import { RUN_FILES } from './folder.js';
import { proofRecord, type ProofRecord } from './proofs.js';
import { version } from '../core/version.js';
import { VENDOR, WITNESS_NAMES, witnessOf } from './witnesses.js';

/** Raised whenever the meaning of `verify.json` changes. */
export const VERIFICATION_VERSION = 5;

export interface FileHash {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What `verify.json` holds. */
export interface VerificationRecord extends Verification {
  readonly version: number;
  readonly vetoc: string;
  readonly node: string;
  readonly definition: { readonly witness: string; readonly version: string };
  /** Every file that was compared; the vendor's headers where they took part. */
  readonly files: readonly FileHash[];
  /** SHA-256 of the pixels of all frames, in order; of raw words, of the maps behind them. */
  readonly framesSha256: string;
  /** What holds for all inputs, and what was only tested on these frames. */
  readonly proofs: ProofRecord;
  /** Frames that were meant to take part and could not, in words. */
  readonly notes: readonly string[];
}

export interface FolderVerifyOptions extends VerifyOptions {
  /** Witnesses asked for; the vendor's headers take part where `apTypes` names them. */
  readonly witnesses: readonly string[];
  /** What ONNX Runtime runs on, one witness each; the CPU unless given. */
  readonly providers?: readonly OrtProvider[];
  /** Folder of the vendor's `ap_int.h` and `ap_fixed.h`. */
  readonly apTypes?: string;
  readonly compiler?: string;
  /** Threads of the interpreter; all cores unless given. */
  readonly threads?: number;
  /** To ask provers what is not proved yet; what they leave open is then missing. */
  readonly prove?: AskProofs;
  readonly notes?: readonly string[];
}

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch(() => []);
  const nested = await Promise.all(
    entries.map((e) => {
      const path = `${prefix}/${e.name}`;
      return e.isDirectory() ? filesBelow(folder, path) : Promise.resolve([path]);
    }),
  );
  return nested.flat().sort();
}

/** Bytes and SHA-256 of the files among `paths` in `folder` that can be read, named as in `paths`. */
async function hashFiles(folder: string, paths: readonly string[], prefix = ''): Promise<FileHash[]> {
  const hashes: FileHash[] = [];
  for (const path of paths) {
    const content = await readFile(join(folder, path)).catch(() => null);
    if (content === null) continue;
    hashes.push({
      path: prefix + path,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
  }
  return hashes;
}

/** SHA-256 of the fixed graph and of all in the run in `dir` that witnesses compute with. */
export async function hashRunFiles(dir: string): Promise<readonly FileHash[]> {
  const built = await Promise.all(
    BACKENDS.map(async ({ folder, compares }) =>
      (await filesBelow(dir, folder)).filter((path) => compares(path.slice(folder.length + 1))),
    ),
  );
  const stem = RUN_FILES.fixedGraph.replace(/\.json$/, '');
  return hashFiles(dir, [RUN_FILES.fixedGraph, `${stem}.bin`, ...built.flat()]);
}

/** The headers directly in the vendor's folder, under the variable that names it. */
async function hashVendorHeaders(folder: string): Promise<readonly FileHash[]> {
  const names = await readdir(folder).catch(() => []);
  return hashFiles(folder, names.filter((name) => name.endsWith('.h')).sort(), 'VETOC_AP_TYPES/');
}

/** A witness whose file cannot even be opened: it fails at its first frame, with that reason. */
function broken(name: string, error: unknown): Witness {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    name,
    version: '',
    run: () => Promise.reject(new Error(reason)),
    close: () => Promise.resolve(),
  };
}

/** Opens the witnesses of the run in `dir`, all at once. */
async function openWitnesses(
  dir: string,
  fixed: FixedGraph,
  options: FolderVerifyOptions,
): Promise<readonly (Witness | MissingWitness)[]> {
  const { providers = ['cpu'], apTypes, compiler } = options;
  const opened = await Promise.all(
    options.witnesses.map((name) => {
      const { backend, record } = witnessOf(name);
      return record
        .open({
          run: dir,
          folder: join(dir, backend.folder),
          fixed,
          providers,
          ...(apTypes === undefined ? {} : { apTypes }),
          ...(compiler === undefined ? {} : { compiler }),
        })
        .catch((error: unknown) => [broken(name, error)]);
    }),
  );
  return opened.flat();
}

/** How many made frames of each sort, and the seed of the random ones. */
export interface SyntheticOptions {
  readonly aimed: number;
  readonly random: number;
  /** Frames tried in search of what the others do not show. */
  readonly tries: number;
  readonly seed: number;
}

/** Patterns, aimed, random and searched frames for `graph`: what every verification asks besides real frames. */
export function syntheticFrames(
  graph: FixedGraph,
  { aimed, random, tries, seed }: SyntheticOptions,
): readonly NamedFrame[] {
  const source = createRandom(seed);
  const plain = [
    ...patternFrames(graph),
    ...aimedFrames(graph, aimed),
    ...randomFrames(graph, random, source),
  ];
  return tries === 0 ? plain : [...plain, ...searchedFrames(graph, plain, source.fork('search'), tries)];
}

/** What every verification drills: as much as the network's size allows. */
export const usualDrills = (graph: FixedGraph): DrillOptions => ({ most: drillBudget(graph), seed: 1 });

/** A statement that does not hold counts as a difference; one that is open where provers were asked, as a witness that is missing. */
function withProofs(verdict: Verdict, { statements }: ProofRecord, asked: boolean): Verdict {
  if (statements.some((s) => s.verdict === 'refuted')) return 'different';
  return asked && verdict === 'exact' && statements.some((s) => s.verdict === 'open')
    ? 'incomplete'
    : verdict;
}

/** Compares the files of the run in `dir` with the interpreter of `fixed` on `frames`. */
export async function verifyFolder(
  dir: string,
  fixed: FixedGraph,
  frames: Iterable<NamedFrame> | AsyncIterable<NamedFrame>,
  options: FolderVerifyOptions,
): Promise<VerificationRecord> {
  if (options.witnesses.length === 0)
    throw new UserError('no witness was asked for', {
      field: '--witness',
      remedy: `name one of ${WITNESS_NAMES.join(', ')}`,
    });
  const opened = await openWitnesses(dir, fixed, options);
  const definition = createInterpreterPool(fixed, options.threads);
  const framesHash = createHash('sha256');
  async function* hashed(): AsyncGenerator<NamedFrame> {
    for await (const frame of frames) {
      for (const { buffer, byteOffset, byteLength } of [frame.pixels, ...(frame.maps?.values() ?? [])])
        framesHash.update(new Uint8Array(buffer, byteOffset, byteLength));
      yield frame;
    }
  }
  try {
    const withVendor = options.witnesses.some((name) => witnessOf(name).record.asked === VENDOR);
    const vendor = withVendor ? options.apTypes : undefined;
    const files = [
      ...(await hashRunFiles(dir)),
      ...(vendor === undefined ? [] : await hashVendorHeaders(vendor)),
    ];
    const verification = await verify(fixed, definition, opened, hashed(), options);
    const proofs = await proofRecord(dir, fixed, verification.witnesses, options.prove ?? null);
    return {
      version: VERIFICATION_VERSION,
      vetoc: version(),
      node: NODE_VERSION,
      definition: { witness: definition.name, version: definition.version },
      ...verification,
      verdict: withProofs(verification.verdict, proofs, options.prove !== undefined),
      files,
      framesSha256: framesHash.digest('hex'),
      proofs,
      notes: options.notes ?? [],
    };
  } finally {
    await Promise.all([definition, ...opened].map((w) => ('close' in w ? w.close() : Promise.resolve())));
  }
}
