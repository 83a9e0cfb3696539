/**
 * The recipe of a run: everything that was asked for, each default spelled out, strictly parsed.
 *
 * Recipes with a name stand in `calibration/NAME.json`; a path to a JSON file does as well. A section belongs to the
 * part that reads it; this file only joins them.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { VARIETIES } from '../data/simulate/settings.js';
import { calibrationSchema } from '../calibrate/recipe.js';
import { UserError } from '../core/errors.js';
import { machineText, NODE_VERSION, PLATFORM } from '../core/machine.js';
import { parseJsonAs } from '../core/json.js';
import { preprocessSchema } from '../frontends/network/preprocess.js';
import { quantizationSchema } from '../passes/recipe.js';
import { isNetworkFile } from '../frontends/network/load.js';
import { trainingSchema } from '../train/recipe.js';
import { modulesSchema } from './modules-wish.js';
import { frameOptionsSchema, statedFrameOptions } from './frame-options.js';
import { version } from '../core/version.js';
import { RECIPE_WITNESSES, USUAL_WITNESSES } from './witnesses.js';

export const RECIPE_VERSION = 1;

const share = z.number().gt(0).lt(1);

const simulatedFramesSchema = z
  .strictObject({
    kind: z.literal('simulate'),
    count: z.int().min(20).max(10_000_000),
    height: z.int().min(32).max(8192).default(512),
    width: z.int().min(32).max(8192).default(512),
    variety: z.enum(VARIETIES).default('standard'),
    /** Share of hits; null: the five classes equally often. */
    hitFraction: share.nullable().default(null),
  })
  .readonly();
const fileFramesSchema = z
  .strictObject({
    kind: z.literal('files'),
    paths: z.array(z.string().min(1)).min(1),
    /** Masks, labels, groups, geometry: as on the command line. */
    options: frameOptionsSchema.prefault({}),
  })
  .readonly();

const recipeSchema = z
  .strictObject({
    version: z.literal(RECIPE_VERSION),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'lower-case letters, digits and -'),
    description: z.string().max(500).default(''),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(1),
    frames: z.discriminatedUnion('kind', [simulatedFramesSchema, fileFramesSchema]),
    /** What the network tells apart: the classes that the frames are labelled with, or hits and misses alone. */
    classes: z.enum(['labels', 'hits']).default('labels'),
    /** A detector of several modules, whose front ends run beside each of them; null: a frame is one picture. */
    modules: modulesSchema.nullable().default(null),
    /** Shares of the training frames; `test` where the frames declare no split. */
    split: z
      .strictObject({
        validation: share.default(0.12),
        calibration: share.default(0.08),
        test: share.default(0.2),
      })
      .prefault({}),
    preprocess: preprocessSchema,
    training: trainingSchema,
    /** A network trained elsewhere, instead of training: its file, and the hash that says which it was. */
    model: z
      .strictObject({ path: z.string().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
      .nullable()
      .default(null),
    calibration: calibrationSchema,
    quantization: quantizationSchema,
    target: z.string().default('kcu1500'),
    /**
     * Longest time of the firmware from the last pixel to the decision, µs; null: the cheapest firmware; `sensible`: the quickest
     * of some that takes a modest part of the board. A finished run has the number.
     */
    latency: z
      .union([z.literal('sensible'), z.number().positive()])
      .nullable()
      .default('sensible'),
    verify: z
      .strictObject({
        frames: z.int().min(1).default(200),
        /** Frames on which every intermediate tensor is compared. */
        tensorFrames: z.int().min(1).default(4),
        /** Who is compared with the interpreter; the C++ of a network of millions of weights takes long to compile. */
        witnesses: z
          .array(z.enum(RECIPE_WITNESSES))
          .min(1)
          .default([...USUAL_WITNESSES]),
      })
      .prefault({}),
    /** Test frames on which float and fixed are compared layer by layer, and pictures of those decided differently. */
    compare: z
      .strictObject({
        frames: z.int().min(1).default(200),
        pictures: z.int().min(0).max(1000).default(24),
      })
      .prefault({}),
    explain: z.strictObject({ frames: z.int().min(0).max(1000).default(8) }).prefault({}),
    /** In the recipe of a finished run: what made it. Asks for nothing. */
    madeWith: z.record(z.string(), z.string()).optional(),
  })
  .readonly();
export type Recipe = z.infer<typeof recipeSchema>;

/** SHA-256 of what `recipe` asks for, every default spelled out. */
export const recipeHash = (recipe: Recipe): string =>
  createHash('sha256')
    .update(JSON.stringify({ ...recipe, madeWith: undefined }))
    .digest('hex');

/** The versions behind a run, when and where it was made; `trainedOn` is the back end, or where the network comes from. */
export function withVersions(recipe: Recipe, trainedOn: string, began: Date): Recipe {
  return {
    ...recipe,
    madeWith: {
      vetoc: version(),
      node: NODE_VERSION,
      platform: PLATFORM,
      training: trainedOn,
      began: began.toISOString(),
      machine: machineText(),
    },
  };
}

const recipeFolder = fileURLToPath(new URL('../../calibration/', import.meta.url));

/** The recipes that come with vetoc. */
export async function recipeNames(): Promise<readonly string[]> {
  const files = await readdir(recipeFolder);
  return files
    .filter((f) => f.endsWith('.json'))
    .map((f) => basename(f, '.json'))
    .sort();
}

const isPathOf = (name: string): boolean => name.includes('/') || name.endsWith('.json');

/**
 * `recipe` for a network that comes from elsewhere. What a recipe that comes with vetoc says of single layers is of its
 * own network; a user's recipe (`name` is a path) says it of the model.
 */
export const forModel = (recipe: Recipe, name: string): Recipe =>
  isPathOf(name) ? recipe : { ...recipe, quantization: { ...recipe.quantization, layers: {} } };
const fileOf = (name: string): string => (isPathOf(name) ? name : `${recipeFolder}${name}.json`);

async function readRecipeText(name: string): Promise<{ readonly text: string; readonly file: string }> {
  const isPath = isPathOf(name);
  const file = fileOf(name);
  try {
    return { text: await readFile(file, 'utf8'), file };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (isPath)
      throw new UserError(`cannot be read (${code})`, { file, remedy: 'check the path of the recipe' });
    throw new UserError(`there is no recipe ${name}`, {
      field: 'RECIPE',
      remedy: `name one of ${(await recipeNames()).join(', ')}, or give the path of a .json file`,
    });
  }
}

/** Parses recipe JSON; `file` names it in errors (`UserError`). */
export const parseRecipe = (text: string, file: string): Recipe => parseJsonAs(recipeSchema, text, file);

/** `recipe` with the paths of its files as they are from here made absolute: `recipe.json` is read from any folder. */
export function withAbsolutePaths(recipe: Recipe): Recipe {
  const { frames, training, calibration, model } = recipe;
  const { network } = training;
  return {
    ...recipe,
    ...(frames.kind === 'files' && {
      frames: {
        ...frames,
        paths: frames.paths.map((path) => resolve(path)),
        options: statedFrameOptions(frames.options),
      },
    }),
    ...(typeof network === 'string' &&
      isNetworkFile(network) && { training: { ...training, network: resolve(network) } }),
    ...(typeof calibration.from !== 'string' && {
      calibration: { ...calibration, from: calibration.from.map((path) => resolve(path)) },
    }),
    ...(model !== null && { model: { ...model, path: resolve(model.path) } }),
  };
}

/** Reads a recipe by name or path. */
export async function loadRecipe(name: string): Promise<Recipe> {
  const { text, file } = await readRecipeText(name);
  return parseRecipe(text, file);
}

/** `error` with the file of the recipe `name` in it where it is about the recipe's training and names no file. */
export function atRecipe(error: unknown, name: string): unknown {
  if (!(error instanceof UserError)) return error;
  const { problem, place } = error;
  if (place.file !== undefined || place.field?.startsWith('training.') !== true) return error;
  return new UserError(problem, { ...place, file: fileOf(name) });
}
