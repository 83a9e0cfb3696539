/**
 * The folder that the shards of a command share: `shards.json` says what all of them do, `part-003-of-200.*` is what one of
 * them made, and `part-003-of-200.json` says that it is whole. All three appear under their names when they are complete.
 *
 * A part belongs to one plan: the same command, networks, frames and deal. What differs is named, and never mixed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { partName } from '../../audit/parts.js';
import { UserError } from '../../core/errors.js';
import { makeFolder, temporaryBeside, writeFileAtomic } from '../../core/files.js';
import { jsonOrUndefined } from '../../core/json.js';
import { startWatch } from '../../core/machine.js';
import { dealt, shardCommand, type FrameRange, type Shard } from './shard.js';

const PLAN_FILE = 'shards.json';

export const SHARDED = ['audit', 'score', 'filter', 'evaluate', 'simulate', 'spotfind'] as const;
export type ShardedCommand = (typeof SHARDED)[number];

const planSchema = z
  .strictObject({
    version: z.literal(1),
    kind: z.enum(SHARDED),
    /** How many shards there are, and frames in all. */
    of: z.int().min(1),
    count: z.int().min(0),
    /** What was asked for: all of it is the same in all shards. */
    what: z.record(z.string(), z.unknown()),
    /** Where things are, which may move. */
    where: z.record(z.string(), z.unknown()),
    /** The command without its shard. */
    command: z.array(z.string()).readonly(),
  })
  .readonly();
export type ShardPlan = z.infer<typeof planSchema>;

const partSchema = z
  .strictObject({
    version: z.literal(1),
    shard: z.strictObject({ index: z.int(), of: z.int() }).readonly(),
    kind: z.enum(SHARDED),
    what: z.record(z.string(), z.unknown()),
    /** The frames of the shard; `to` is not among them. */
    from: z.int(),
    to: z.int(),
    files: z
      .array(z.strictObject({ file: z.string(), bytes: z.int(), sha256: z.string() }).readonly())
      .readonly(),
    /** What the command says of them. */
    facts: z.record(z.string(), z.unknown()),
    /** What it took, all of it in one process; absent of a part whose process went on from another's. */
    took: z.strictObject({ seconds: z.number(), cpuSeconds: z.number() }).readonly().optional(),
  })
  .readonly();
export type ShardPart = z.infer<typeof partSchema>;

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

/** The first thing in which two plans differ, in words; null for none. */
function difference(
  known: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): string | null {
  const names = [...new Set([...Object.keys(known), ...Object.keys(wanted)])];
  const name = names.find((one) => JSON.stringify(known[one]) !== JSON.stringify(wanted[one]));
  return name === undefined ? null : `another ${name} (${show(known[name])}, here ${show(wanted[name])})`;
}

/** All that the shards of a plan agree on. */
const agreed = ({ kind, of, count, what }: ShardPlan): Readonly<Record<string, unknown>> => ({
  command: kind,
  'number of shards': of,
  'number of frames': count,
  ...what,
});

/** The plan in `folder`. Throws `UserError` where there is none, or none that can be understood. */
export async function readPlan(folder: string): Promise<ShardPlan> {
  const file = join(folder, PLAN_FILE);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new UserError('holds no shards', {
      file: folder,
      remedy: 'name the folder that commands with --shard wrote to',
    });
  });
  const parsed = planSchema.safeParse(jsonOrUndefined(text));
  if (parsed.success) return parsed.data;
  throw new UserError('does not say what the shards do in a form that this vetoc knows', {
    file,
    field: parsed.error.issues[0]!.path.join('.'),
    remedy: 'give the shards another folder',
  });
}

/** Settles what the shards in `folder` do: by the first that comes. Throws `UserError` where `plan` is another. */
export async function settlePlan(folder: string, plan: ShardPlan): Promise<void> {
  await writeOnce(join(folder, PLAN_FILE), `${JSON.stringify(plan, null, 1)}\n`);
  const known = await readPlan(folder);
  const other = difference(agreed(known), agreed(plan));
  if (other === null) return;
  throw new UserError(`was begun with ${other}`, {
    file: folder,
    remedy: `give the shards of this command another folder, or go on with: ${shardCommand(known.command, { index: 0, of: known.of })}`,
  });
}

/** Writes the file unless it is there: of several that write at once one is first, and whole. */
export async function writeOnce(path: string, text: string): Promise<void> {
  if ((await stat(path).catch(() => null)) !== null) return;
  const draft = `${temporaryBeside(path)}.once`;
  await writeFileAtomic(draft, text);
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The path of the part of `shard`, with `ending`. */
export const partPath = (folder: string, { index, of }: Shard, ending: string): string =>
  join(folder, `${partName(index, of)}.${ending}`);

/** Says that the part of `shard` is whole: its `files`, which have their names already. */
export async function finishPart(
  folder: string,
  plan: ShardPlan,
  shard: Shard,
  range: FrameRange,
  { files, facts }: MadePart,
  took: ShardPart['took'],
): Promise<void> {
  const listed = [];
  for (const path of files)
    listed.push({ file: basename(path), bytes: (await stat(path)).size, sha256: await sha256(path) });
  const { index, of } = shard;
  const { kind, what } = plan;
  const { from, to } = range;
  const made = { version: 1, shard: { index, of }, kind, what, from, to, files: listed, facts } as const;
  const part: ShardPart = took === undefined ? made : { ...made, took };
  await writeFileAtomic(partPath(folder, shard, 'json'), `${JSON.stringify(part, null, 1)}\n`);
}

/** A part that is whole, or what is wrong with it. */
export type PartState =
  { readonly part: ShardPart } | { readonly problem: string; readonly missing: boolean };

const wrong = (problem: string): PartState => ({ problem, missing: false });

/** Looks at the part of `shard`: is it there, of this plan, and as it was written? */
export async function partState(folder: string, plan: ShardPlan, shard: Shard): Promise<PartState> {
  const path = partPath(folder, shard, 'json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return { problem: 'is missing', missing: true };
  const parsed = partSchema.safeParse(jsonOrUndefined(text));
  if (!parsed.success) return wrong(`is damaged: ${basename(path)} cannot be understood`);
  const part = parsed.data;
  if (part.shard.index !== shard.index || part.shard.of !== shard.of)
    return wrong(`is a copy of shard ${part.shard.index}/${part.shard.of} under another name`);
  const other = difference({ command: plan.kind, ...plan.what }, { command: part.kind, ...part.what });
  if (other !== null) return wrong(`was made with ${other}`);
  for (const { file, bytes, sha256: digest } of part.files) {
    const at = join(folder, basename(file));
    const found = await stat(at).catch(() => null);
    if (found === null) return wrong(`lacks its file ${file}`);
    if (found.size !== bytes) return wrong(`is cut off: ${file} has ${found.size} of ${bytes} bytes`);
    if ((await sha256(at)) !== digest) return wrong(`was changed: ${file} is not what was written (SHA-256)`);
  }
  return { part };
}

/** What became of a shard. */
export interface ShardOutcome {
  readonly shard: Shard;
  /** Of `there` the part was made before; of `stopped` the command goes on from where it was. */
  readonly state: 'made' | 'there' | 'stopped';
  /** Frames of the shard; `to` is not among them. */
  readonly from: number;
  readonly to: number;
  readonly files: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface MadePart {
  readonly files: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
  /** It was begun by a process before this one. */
  readonly resumed?: boolean;
}

/** Makes the part of `shard` where it is not there and whole; `make` gives null where it was stopped. Throws `UserError`. */
export async function runShard(
  folder: string,
  plan: ShardPlan,
  shard: Shard,
  make: (range: FrameRange) => Promise<MadePart | null>,
): Promise<ShardOutcome> {
  await makeFolder(folder);
  await settlePlan(folder, plan);
  const range = dealt(shard, plan.count);
  const { index, of } = shard;
  const outcome = { shard: { index, of }, ...range };
  const found = await partState(folder, plan, shard);
  if ('part' in found) {
    const { files, facts } = found.part;
    return { ...outcome, state: 'there', files: files.map(({ file }) => join(folder, file)), facts };
  }
  // Whatever stands there is not whole: a reader must not take it for it while the new one is made.
  await rm(partPath(folder, shard, 'json'), { force: true });
  const took = startWatch();
  const made = await make(range);
  if (made === null) return { ...outcome, state: 'stopped', files: [], facts: {} };
  await finishPart(folder, plan, shard, range, made, made.resumed === true ? undefined : took());
  return { ...outcome, state: 'made', files: made.files, facts: made.facts };
}

/** Throws `UserError` where `folder` holds shards: they and a whole piece of work do not mix. */
export async function checkUnsharded(folder: string): Promise<void> {
  const text = await readFile(join(folder, PLAN_FILE), 'utf8').catch(() => null);
  if (text === null) return;
  throw new UserError('holds the shards of a command', {
    file: folder,
    remedy: `join them with vetoc merge ${folder}, or name another folder`,
  });
}
