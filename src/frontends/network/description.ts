/**
 * A network as a person writes it: a list of layers, in JSON or here in the registry. One description yields the
 * float graph, and through it everything else.
 *
 * Padding as a number, or as `same`, `(kernel − 1) / 2`, is that of all four sides, as in the published networks; TensorFlow's
 * uneven `SAME` is written as a number or not at all. `causal` yields an image of the size of `same`, but puts all
 * padding above and to the left: the last window ends with the last pixel, and no firmware waits for what brings no data.
 */
import { z } from 'zod';
import { TABLED_NAMES } from '../../ir/ops/activations/index.js';

const size = z.int().min(1).max(64);
const channels = z.int().min(1).max(8192);
/**
 * `clip`: between 0 and 4. Behind it strong and very strong spots count the same. `prelu`: a slope for each channel,
 * which is trained. The smooth ones (sigmoid, tanh, silu,
 * hardSwish, hardSigmoid, gelu) become tables in the firmware.
 */
const activationSchema = z.enum(['relu', 'leakyRelu', 'prelu', 'clip', 'none', ...TABLED_NAMES]);
const paddingSchema = z.enum(['same', 'causal']).or(z.int().min(0).max(32));
export type LayerPadding = z.infer<typeof paddingSchema>;

const convSchema = z.strictObject({
  op: z.literal('conv'),
  filters: channels,
  kernel: size.default(3),
  stride: size.default(1),
  padding: paddingSchema.default('same'),
  groups: z.int().min(1).default(1),
  /** Batch normalisation between the convolution and the activation. */
  norm: z.boolean().default(false),
  activation: activationSchema.default('relu'),
  /**
   * `spots` starts every filter as a spot finder: a pixel minus the mean of those around it, minus a threshold of
   * 0.6 to 2.2 in units of one count. On √ counts that is a test of significance, since their noise is the same everywhere.
   */
  init: z.enum(['he', 'spots']).optional(),
});
const depthwiseSchema = z.strictObject({
  op: z.literal('depthwise'),
  kernel: size.default(3),
  stride: size.default(1),
  padding: paddingSchema.default('same'),
  norm: z.boolean().default(false),
  activation: activationSchema.default('relu'),
});
const poolSchema = z.strictObject({
  op: z.enum(['maxPool', 'avgPool']),
  size: size.default(2),
  /** Default: the size. */
  stride: size.optional(),
  padding: z.int().min(0).max(32).default(0),
});
const globalPoolSchema = z.strictObject({
  op: z.literal('globalPool'),
  /** `both` puts the averages and the maxima of all channels side by side. */
  mode: z.enum(['avg', 'max', 'both']),
});
/** `x · gate(dense(relu(dense(mean of x))))`, channel by channel: squeeze-and-excite (Hu et al., arXiv:1709.01507). */
const squeezeExciteSchema = z.strictObject({
  op: z.literal('squeezeExcite'),
  /** The first dense layer has the channels divided by this, at least one. */
  reduction: z.int().min(1).max(64).default(4),
  gate: z.enum(['sigmoid', 'hardSigmoid']).default('hardSigmoid'),
});
/** Every pixel as a block of `factor` × `factor` pixels. */
const upsampleSchema = z.strictObject({
  op: z.literal('upsample'),
  factor: z.int().min(2).max(8).default(2),
});
const flattenSchema = z.strictObject({ op: z.literal('flatten') });
const denseSchema = z.strictObject({
  op: z.literal('dense'),
  /** `classes`: one per class, no activation. */
  units: channels.or(z.literal('classes')),
  norm: z.boolean().optional(),
  activation: activationSchema.optional(),
});
/** `activation(body(x) + shortcut(x))`; an empty shortcut is the input itself. */
const residualSchema = z.strictObject({
  op: z.literal('residual'),
  get body(): z.ZodType<readonly Layer[], readonly LayerInput[]> {
    return z.array(layerSchema).min(1);
  },
  get shortcut(): z.ZodType<readonly Layer[], readonly LayerInput[] | undefined> {
    return z.array(layerSchema).default([]);
  },
  activation: activationSchema.default('relu'),
});

export const layerSchema: z.ZodType<Layer, LayerInput> = z.lazy(() =>
  z.discriminatedUnion('op', [
    convSchema,
    depthwiseSchema,
    poolSchema,
    globalPoolSchema,
    squeezeExciteSchema,
    upsampleSchema,
    flattenSchema,
    denseSchema,
    residualSchema,
  ]),
);

type Plain =
  | z.output<typeof convSchema>
  | z.output<typeof depthwiseSchema>
  | z.output<typeof poolSchema>
  | z.output<typeof globalPoolSchema>
  | z.output<typeof squeezeExciteSchema>
  | z.output<typeof upsampleSchema>
  | z.output<typeof flattenSchema>
  | z.output<typeof denseSchema>;
type PlainInput =
  | z.input<typeof convSchema>
  | z.input<typeof depthwiseSchema>
  | z.input<typeof poolSchema>
  | z.input<typeof globalPoolSchema>
  | z.input<typeof squeezeExciteSchema>
  | z.input<typeof upsampleSchema>
  | z.input<typeof flattenSchema>
  | z.input<typeof denseSchema>;
type Activation = z.infer<typeof activationSchema>;
export type Layer =
  | Plain
  | {
      readonly op: 'residual';
      readonly body: readonly Layer[];
      readonly shortcut: readonly Layer[];
      readonly activation: Activation;
    };
export type LayerInput =
  | PlainInput
  | {
      readonly op: 'residual';
      readonly body: readonly LayerInput[];
      readonly shortcut?: readonly LayerInput[] | undefined;
      readonly activation?: Activation | undefined;
    };
