/**
 * The training section of a recipe: everything that decides the weights besides the frames and the seed.
 */
import { z } from 'zod';
import { VARIETIES } from '../data/simulate/settings.js';
import { nuisancesSchema } from '../data/nuisances/disturb.js';
import { layerSchema } from '../frontends/network/description.js';

/** Changes to a training frame that the physics allows: the label stays true. Strengths; 0 or false turns one off. */
export const augmentationSchema = z.strictObject({
  /** The eight symmetries of the square (four flips where the frame is not square). */
  symmetries: z.boolean().default(true),
  /** Largest shift, in pixels of the network's input; what moves in from outside is 0. */
  shift: z.int().min(0).max(64).default(4),
  /** Gain: all counts times a factor, log-uniform in [1/gain, gain]. */
  gain: z.number().min(1).max(100).default(1.5),
  /** Pedestal: up to so many counts added to every raw pixel. */
  pedestal: z.number().min(0).max(10000).default(2),
  /** Poisson background: up to this share of what the frame has is added to it. */
  background: z.number().min(0).max(100).default(0.3),
  /** Hot pixels: up to so many a frame. */
  hotPixels: z.int().min(0).max(1000).default(6),
  /** Probability that a band of rows or columns reads 0. */
  droppedPanel: z.number().min(0).max(1).default(0.15),
});
export type Augmentation = z.infer<typeof augmentationSchema>;

/** Simulated frames that are trained on beside the run's own; none of them validates or tests. */
const simulatedSchema = z.strictObject({
  frames: z.int().min(0).max(1_000_000).default(0),
  variety: z.enum(VARIETIES).default('broad'),
  /** How often an epoch holds each of the run's own frames. */
  ownRepeats: z.int().min(1).max(100).default(1),
});
export type SimulatedFrames = z.infer<typeof simulatedSchema>;

export const trainingSchema = z.strictObject({
  /** A network of the registry by name, layers in full, or the path of a JSON description or a LayersModel. */
  network: z.union([z.string(), z.array(layerSchema).min(1)]).default('veto-small'),
  epochs: z.int().min(1).max(10000).default(30),
  batchSize: z.int().min(1).max(4096).default(32),
  /** Frames that a thread computes at once, to bound memory; 0: all of its share. Batch normalisation sees only these. */
  microBatch: z.int().min(0).max(4096).default(0),
  learningRate: z.number().positive().max(1).default(0.003),
  /** How the learning rate falls over the run; a warm-up of `warmupEpochs` comes first. */
  schedule: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('constant') }),
      z.strictObject({ kind: z.literal('cosine'), final: z.number().min(0).max(1).default(0.01) }),
      z.strictObject({ kind: z.literal('exponential'), perEpoch: z.number().positive().max(1) }),
    ])
    .default({ kind: 'cosine', final: 0.01 }),
  warmupEpochs: z.number().min(0).max(100).default(1),
  /** Adam's moments, its epsilon, and decoupled weight decay (AdamW) on kernels. */
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().positive().default(1e-7),
  weightDecay: z.number().min(0).max(1).default(1e-4),
  /** Gradients longer than this are shortened to it; 0: never. */
  clipNorm: z.number().min(0).default(5),
  /** Averages the weights over steps with this decay and keeps the average; 0: the last weights. */
  averaging: z.number().min(0).max(0.99999).default(0),
  /** Moves this much probability from the true class to all classes. */
  labelSmoothing: z.number().min(0).max(0.5).default(0),
  /** Weight of the hit-against-miss loss beside the loss of the classes. */
  vetoLoss: z.number().min(0).max(100).default(0.5),
  /** A trained network that teaches this one: a run's folder or a graph file, of the same classes and frames. */
  teacher: z
    .strictObject({
      model: z.string().min(1),
      /** The share of what it says in the loss of the classes; labels have the rest. */
      weight: z.number().min(0).max(1).default(0.7),
      /** Its logits are divided by this: above 1, what it thinks of the lesser classes counts more. */
      temperature: z.number().positive().max(100).default(2),
    })
    .nullable()
    .default(null),
  /** `balanced`: classes weigh as if all were equally frequent. */
  classWeights: z.enum(['balanced', 'none']).or(z.array(z.number().positive())).default('balanced'),
  /** Stops after so many epochs without a better validation; 0: never. */
  patience: z.int().min(0).max(10000).default(0),
  /** Which epoch is kept: the best veto on validation frames, the lowest loss, or the last. */
  select: z.enum(['veto', 'loss', 'last']).default('veto'),
  /** The fraction of validation hits that the stored threshold keeps. */
  keepFraction: z.number().positive().max(1).default(0.995),
  /** Epochs of training on in the arithmetic of the firmware, after the others; 0: none. */
  quantizationAware: z
    .strictObject({
      epochs: z.int().min(0).max(10000).default(0),
      learningRate: z.number().positive().max(1).default(3e-4),
      /**
       * The epochs in so many parts; before each, the ranges of the activations are measured anew on the network as it is.
       * From 2 on, integer bits of activations in `quantization.layers` are a result, and not read.
       */
      rounds: z.int().min(1).max(100).default(1),
      /**
       * Epochs before these in which the widths of every layer are learned by gradient, down from `weightBits`, `activationBits` and
       * `edgeBits` of `quantization`; 0: none. Its `layers` are then a result, and not read. `cost` is the weight of a frame's bit
       * operations, as a share of those at the start, in the loss: the larger, the narrower.
       */
      learnedWidths: z
        .strictObject({
          epochs: z.int().min(0).max(10000).default(0),
          cost: z.number().positive().max(1000).default(0.1),
        })
        .prefault({}),
    })
    .refine(({ epochs, learnedWidths }) => epochs > 0 || learnedWidths.epochs === 0, {
      path: ['learnedWidths'],
      message: 'widths are learned before epochs of training in fixed point: set epochs above 0',
    })
    .refine(({ epochs, rounds }) => epochs === 0 || rounds <= epochs, {
      path: ['rounds'],
      message: 'more rounds than epochs',
    })
    .prefault({}),
  simulated: simulatedSchema.prefault({}),
  /**
   * Changes to raw training frames, before anything else: zingers, a drifted pedestal, another gain … Of the run's own frames the
   * first repetition stays as it is; the others (`simulated.ownRepeats`) and the simulated ones have a draw each. Each of the
   * validation frames, which choose the threshold, stands for three: as it is, and with two draws.
   */
  nuisances: nuisancesSchema.default({}),
  augmentation: augmentationSchema.default(augmentationSchema.parse({})),
  /** Mebibytes of preprocessed frames held in memory; beyond it they are kept in a file. */
  cacheMebibytes: z.int().min(1).max(1048576).default(1024),
  /** Threads for back ends that have none of their own; 0: one per core, at most 8. */
  workers: z.int().min(0).max(64).default(0),
});
/** All defaults filled in. */
export type TrainingRecipe = z.infer<typeof trainingSchema>;
/** As a person writes it. */
export type TrainingInput = z.input<typeof trainingSchema>;
