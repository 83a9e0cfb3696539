/** The op index: every op's schema and shape rule. A new op is a file beside this one and a line in each table. */
import { z } from 'zod';
import type { Shape } from '../common.js';
import { binSchema, binShape } from './bin.js';
import { clampSchema, clampShape } from './clamp.js';
import { contrastSchema, contrastShape } from './contrast.js';
import { conv2dShape, fixedConv2dSchema, floatConv2dSchema } from './conv2d.js';
import { cropSchema, cropShape } from './crop.js';
import { denseShape, fixedDenseSchema, floatDenseSchema } from './dense.js';
import {
  depthwiseConv2dShape,
  fixedDepthwiseConv2dSchema,
  floatDepthwiseConv2dSchema,
} from './depthwise-conv2d.js';
import {
  batchNormSchema,
  batchNormShape,
  clipSchema,
  fixedFlattenSchema,
  flattenShape,
  floatFlattenSchema,
  leakyReluSchema,
  reluSchema,
  requantizeSchema,
  sameAsInput,
} from './elementwise.js';
import { inputSchema, inputShape } from './input.js';
import {
  addShape,
  concatShape,
  fixedAddSchema,
  fixedConcatSchema,
  floatAddSchema,
  floatConcatSchema,
} from './join.js';
import { lutSchema, lutShape } from './lut.js';
import { maskSchema, maskShape } from './mask.js';
import {
  fixedAvgPoolSchema,
  fixedGlobalAvgPoolSchema,
  fixedGlobalMaxPoolSchema,
  fixedMaxPoolSchema,
  floatAvgPoolSchema,
  floatGlobalAvgPoolSchema,
  floatGlobalMaxPoolSchema,
  floatMaxPoolSchema,
  globalPoolShape,
  poolShape,
} from './pool.js';

export const floatNodeSchema = z.discriminatedUnion('kind', [
  inputSchema,
  cropSchema,
  maskSchema,
  binSchema,
  contrastSchema,
  clampSchema,
  lutSchema,
  floatConv2dSchema,
  floatDepthwiseConv2dSchema,
  floatDenseSchema,
  batchNormSchema,
  reluSchema,
  clipSchema,
  leakyReluSchema,
  floatMaxPoolSchema,
  floatAvgPoolSchema,
  floatGlobalAvgPoolSchema,
  floatGlobalMaxPoolSchema,
  floatAddSchema,
  floatConcatSchema,
  floatFlattenSchema,
]);
export type FloatNode = z.infer<typeof floatNodeSchema>;
export type FloatKind = FloatNode['kind'];
export type FloatNodeOf<K extends FloatKind> = Extract<FloatNode, { kind: K }>;

export const fixedNodeSchema = z.discriminatedUnion('kind', [
  inputSchema,
  cropSchema,
  maskSchema,
  binSchema,
  contrastSchema,
  clampSchema,
  lutSchema,
  fixedConv2dSchema,
  fixedDepthwiseConv2dSchema,
  fixedDenseSchema,
  fixedMaxPoolSchema,
  fixedAvgPoolSchema,
  fixedGlobalAvgPoolSchema,
  fixedGlobalMaxPoolSchema,
  fixedAddSchema,
  fixedConcatSchema,
  fixedFlattenSchema,
  requantizeSchema,
]);
export type FixedNode = z.infer<typeof fixedNodeSchema>;
export type FixedKind = FixedNode['kind'];
export type FixedNodeOf<K extends FixedKind> = Extract<FixedNode, { kind: K }>;

/** The kinds of preprocessing: exact integer ops that the float and the fixed graph share as they are. */
export const PREPROCESS_KINDS = ['input', 'crop', 'mask', 'bin', 'contrast', 'clamp', 'lut'] as const;
export type PreprocessKind = (typeof PREPROCESS_KINDS)[number];
export type PreprocessNode = Extract<FixedNode, { kind: PreprocessKind }>;
/** Preprocessing that is computed from an input: all of it but the raw frame. */
export type ComputedPreprocessNode = Exclude<PreprocessNode, { kind: 'input' }>;
export const isPreprocess = (node: FloatNode | FixedNode): node is PreprocessNode =>
  (PREPROCESS_KINDS as readonly string[]).includes(node.kind);

type ShapeRules<N extends { kind: string }> = {
  readonly [K in N['kind']]: (op: Extract<N, { kind: K }>, inputs: readonly Shape[]) => Shape;
};

export const floatShapeRules: ShapeRules<FloatNode> = {
  input: inputShape,
  crop: cropShape,
  mask: maskShape,
  bin: binShape,
  contrast: contrastShape,
  clamp: clampShape,
  lut: lutShape,
  conv2d: conv2dShape,
  depthwiseConv2d: depthwiseConv2dShape,
  dense: denseShape,
  batchNorm: batchNormShape,
  relu: sameAsInput,
  clip: sameAsInput,
  leakyRelu: sameAsInput,
  maxPool: poolShape,
  avgPool: poolShape,
  globalAvgPool: globalPoolShape,
  globalMaxPool: globalPoolShape,
  add: addShape,
  concat: concatShape,
  flatten: flattenShape,
};

export const fixedShapeRules: ShapeRules<FixedNode> = {
  input: inputShape,
  crop: cropShape,
  mask: maskShape,
  bin: binShape,
  contrast: contrastShape,
  clamp: clampShape,
  lut: lutShape,
  conv2d: conv2dShape,
  depthwiseConv2d: depthwiseConv2dShape,
  dense: denseShape,
  maxPool: poolShape,
  avgPool: poolShape,
  globalAvgPool: globalPoolShape,
  globalMaxPool: globalPoolShape,
  add: addShape,
  concat: concatShape,
  flatten: flattenShape,
  requantize: sameAsInput,
};
