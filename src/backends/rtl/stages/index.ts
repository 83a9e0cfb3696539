/**
 * Every kind of stage as hardware. The table is total: a new op needs an arm here and a module in hls-templates/rtl.
 */
import { dispatch, type Table } from '../../../ir/dispatch.js';
import type { Stage } from '../../dataflow/plan.js';
import type { Context, Hardware } from './common.js';
import { commonMode } from './common-mode.js';
import { add, concat, fork, multiply, repack, requantize, upsample } from './join.js';
import { avgPool, globalAvgPool, globalMaxPool, maxPool } from './pool.js';
import { absorb, decide, receive } from './ends.js';
import { bin, clamp, contrast, crop, lut, mask, table } from './preprocess.js';
import { calibrate, receiveMaps } from './raw.js';
import { loadWeights, swapWeights } from './reload.js';
import { conv2d, dense, depthwiseConv2d } from './weighted.js';

const builders: Table<Stage, [context: Context], Hardware> = {
  absorb,
  receive,
  receiveMaps,
  calibrate,
  commonMode,
  loadWeights,
  swapWeights,
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
  multiply,
  upsample,
  concat,
  requantize,
  table,
  fork,
  repack,
  decide,
};

/** The hardware of `stage`. */
export const buildStage = (stage: Stage, context: Context): Hardware => dispatch(builders, stage, context);
