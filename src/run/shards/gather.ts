/** The parts of all shards in a folder, once they are all there and whole; what is not is named with the command that makes it. */
import { readdir } from 'node:fs/promises';
import { UserError } from '../../core/errors.js';
import { partState, readPlan, type ShardPart, type ShardPlan } from './folder.js';
import { shardCommand } from './shard.js';

/** A shard that has to be made, or made again. */
export interface UnmadeShard {
  readonly index: number;
  readonly problem: string;
  readonly command: string;
}

export interface GatheredShards {
  readonly plan: ShardPlan;
  /** Those that are whole, in the order of their frames. */
  readonly parts: readonly ShardPart[];
  readonly unmade: readonly UnmadeShard[];
}

/** Unmade shards that are listed one by one. */
const LISTED = 20;

/** Looks at every shard in `folder`; `onPart` is told how far it is. Throws `UserError` where there are none. */
export async function gatherShards(
  folder: string,
  onPart: (done: number, total: number) => void = () => undefined,
): Promise<GatheredShards> {
  const plan = await readPlan(folder);
  await refuseStrangers(folder, plan);
  const parts: ShardPart[] = [];
  const unmade: UnmadeShard[] = [];
  for (let index = 0; index < plan.of; index++) {
    const shard = { index, of: plan.of };
    const state = await partState(folder, plan, shard);
    if ('part' in state) parts.push(state.part);
    else unmade.push({ index, problem: state.problem, command: shardCommand(plan.command, shard) });
    onPart(index + 1, plan.of);
  }
  return { plan, parts, unmade };
}

/** Parts of another deal tell that two commands wrote here: which of them is meant, nobody knows. */
async function refuseStrangers(folder: string, { of }: ShardPlan): Promise<void> {
  const names = await readdir(folder);
  const stranger = names.find((name) => {
    const [, its] = /^part-\d+-of-(\d+)\./.exec(name) ?? [];
    return its !== undefined && Number(its) !== of;
  });
  if (stranger === undefined) return;
  throw new UserError(`holds ${stranger}, a part of another deal than into ${of} shards`, {
    file: folder,
    remedy: 'move it away, or give each deal a folder of its own',
  });
}

/** Numbers as an array of Slurm takes them: `0-3,7`. */
export function arrayText(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === n - 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([a, b]) => (a === b ? String(a) : `${a}-${b}`)).join(',');
}

/** What has to be done before shards can be joined. */
export function unmadeError(folder: string, { plan, unmade }: GatheredShards): UserError {
  const lines = unmade
    .slice(0, LISTED)
    .map(({ index, problem, command }) => `  shard ${index} ${problem}: ${command}`);
  const more = unmade.length - LISTED;
  if (more > 0) lines.push(`  and ${more} more`);
  return new UserError(`${unmade.length} of ${plan.of} shards are not whole:\n${lines.join('\n')}\n`, {
    file: folder,
    remedy: `give these commands, or submit them as an array: --array=${arrayText(unmade.map(({ index }) => index))}`,
  });
}
