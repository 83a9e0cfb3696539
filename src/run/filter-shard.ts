/** One shard of a filter: its kept frames as a CXI part. */
import { rm } from 'node:fs/promises';
import type { Emit } from './events.js';
import { filterOpened, openFilter, type FilterRequest } from './filter.js';
import { loadRun } from './folder.js';
import { partPath, runShard, type ShardOutcome } from './shards/folder.js';
import { frameRange, refuseWithShard, sharedFacts, shardFolder, shardPlan } from './shards/plan.js';
import type { ShardWish } from './shards/shard.js';

/** Filters a shard of the frames into a CXI part in the folder `options.out`. Throws `UserError`. */
export async function filterShard(
  dir: string,
  options: FilterRequest,
  wish: ShardWish,
  emit: Emit,
): Promise<ShardOutcome> {
  const folder = shardFolder(options.out);
  const { list, exdf, ...rest } = options;
  refuseWithShard({ '--list': list, '--exdf': exdf });
  const run = await loadRun(dir);
  const opened = await openFilter(dir, options, emit);
  const { source } = opened;
  try {
    const {
      threshold = run.fixed.threshold,
      prescale = 0,
      prescaleKey = 0,
      compression,
      skipBad = false,
    } = options;
    const what = {
      ...sharedFacts(run, source, options),
      threshold,
      prescale,
      prescaleKey,
      compression,
      skipBad,
    };
    const plan = shardPlan('filter', wish, source.count, what, { run: dir, frames: options.frames });
    return await runShard(folder, plan, wish, async ({ from, to }) => {
      if (to === from) return { files: [], facts: { frames: 0, kept: 0, keptByPrescale: 0, unreadable: 0 } };
      const out = partPath(folder, wish, 'cxi');
      const own = { ...opened, source: frameRange(source, { from, to }), first: from };
      const { written, ...facts } = await filterOpened(own, { ...rest, out }, [out], emit);
      if (written === null) await rm(out, { force: true });
      return { files: written === null ? [] : [out], facts };
    });
  } finally {
    await source.close();
  }
}
