/**
 * Every kind of stage as hardware. The table is total: a new op needs an arm here and a module in hls-templates/rtl.
 */
import { UnsupportedError } from '../../../core/errors.js';
import { dispatch, type Table } from '../../../ir/dispatch.js';
import type { Stage } from '../../dataflow/plan.js';
import type { Context, Hardware } from './common.js';
import { add, concat, fork, repack, requantize } from './join.js';
import { avgPool, globalAvgPool, globalMaxPool, maxPool } from './pool.js';
import { decide, receive } from './ends.js';
import { bin, clamp, contrast, crop, lut, mask, table } from './preprocess.js';
import { conv2d, dense, depthwiseConv2d } from './weighted.js';

const unsupported = (stage: Stage): never => {
  throw new UnsupportedError('the RTL', [
    {
      what: stage.name,
      why: 'weights that can be exchanged are in the HLS firmware only: export hls, or leave out --reloadable',
    },
  ]);
};

/** `checkRtlLink` has refused it before. */
const unsupportedFifo = (stage: Stage): never => {
  throw new UnsupportedError('the RTL', [
    { what: stage.name, why: 'the FIFO in front is in the HLS firmware only' },
  ]);
};

const builders: Table<Stage, [context: Context], Hardware> = {
  absorb: unsupportedFifo,
  receive,
  loadWeights: unsupported,
  swapWeights: unsupported,
  crop,
  mask,
  bin,
  clamp,
  contrast,
  lut,
  conv2d,
  depthwiseConv2d,
  dense,
  maxPool,
  avgPool,
  globalMaxPool,
  globalAvgPool,
  add,
  concat,
  requantize,
  table,
  fork,
  repack,
  decide,
};

/** The hardware of `stage`. */
export const buildStage = (stage: Stage, context: Context): Hardware => dispatch(builders, stage, context);
