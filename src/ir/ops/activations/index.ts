/** The activations of the float graph. A new one is a file beside this one and a line here. */
import { z } from 'zod';
import { clip } from './clip.js';
import { elu } from './elu.js';
import { gelu } from './gelu.js';
import { hardSigmoid } from './hard-sigmoid.js';
import { hardSwish } from './hard-swish.js';
import { leakyRelu } from './leaky-relu.js';
import { prelu } from './prelu.js';
import { relu } from './relu.js';
import { sigmoid } from './sigmoid.js';
import { silu } from './silu.js';
import { tanh } from './tanh.js';

/** Exact in integers on the accumulator of the stage before. */
export const FUSED_ACTIVATIONS = { relu, clip, leakyRelu, prelu };

/** Tables: exact by construction, each entry the nearest value of the output's format. */
export const TABLED_ACTIVATIONS = { hardSwish, silu, sigmoid, hardSigmoid, tanh, gelu, elu };

const functions = [
  z.strictObject(hardSwish.fields).readonly(),
  z.strictObject(silu.fields).readonly(),
  z.strictObject(sigmoid.fields).readonly(),
  z.strictObject(hardSigmoid.fields).readonly(),
  z.strictObject(tanh.fields).readonly(),
  z.strictObject(gelu.fields).readonly(),
  z.strictObject(elu.fields).readonly(),
] as const;

/** The function that a table is of: an activation without its place in a graph. */
export const functionSchema = z.discriminatedUnion('kind', functions).readonly();
export type TabledFunction = z.infer<typeof functionSchema>;

/** Names of the tabled activations, as a recipe gives them. */
export const TABLED_NAMES = Object.keys(TABLED_ACTIVATIONS) as readonly TabledFunction['kind'][];

/** The function that a recipe means by `name`. */
export const usualFunction = (name: TabledFunction['kind']): TabledFunction => TABLED_ACTIVATIONS[name].usual;
