/**
 * What an audit was asked for: enough to open the same frames again, and to refuse to continue with others.
 */
import { z } from 'zod';
import { UserError } from '../core/errors.js';

export const identitySchema = z.strictObject({
  version: z.literal(2),
  /** Name and digest of the network that decides. */
  network: z.string(),
  networkDigest: z.string(),
  classNames: z.array(z.string()),
  threshold: z.number(),
  /** Value of one level of the score in the float network's units. */
  level: z.number(),
  /** The run's folder and the frame arguments, as given, and the options that frames were opened with. */
  run: z.string(),
  frames: z.array(z.string()),
  frameOptions: z.record(z.string(), z.unknown()),
  count: z.number(),
  height: z.number(),
  width: z.number(),
  /** Digest of the frames' files and their numbers of frames. */
  framesDigest: z.string(),
  /** The classical finder and its parameters. */
  finder: z.string(),
  finderParameters: z.array(z.string()),
  /** Geometry that the user stated, else null for each. */
  geometry: z.record(z.string(), z.number().nullable()),
  /** What the reference frames are; empty for none. */
  reference: z.string(),
  /** The prescale that the firmware kept misses by, and the bound on the hits lost; null for none. */
  meter: z
    .strictObject({
      n: z.int().min(1),
      key: z.int().min(0),
      number: z.string().nullable(),
      lost: z.number(),
      confidence: z.number(),
    })
    .readonly()
    .nullable(),
  /** Frames that are worked on and written together. */
  blockFrames: z.number(),
});
export type AuditIdentity = z.infer<typeof identitySchema>;

/** What of the identity may change between two sittings: where things are, not what they are. */
const MAY_MOVE: readonly (keyof AuditIdentity)[] = ['run', 'frames'];

/** Throws `UserError` when a ledger of `known` must not be continued as `wanted`. One that `grows` has no number of frames of its own. */
export function checkSameAudit(
  known: AuditIdentity,
  wanted: AuditIdentity,
  path: string,
  grows = false,
): void {
  const different = (Object.keys(wanted) as (keyof AuditIdentity)[]).filter(
    (key) =>
      !MAY_MOVE.includes(key) &&
      !(grows && key === 'count') &&
      JSON.stringify(known[key]) !== JSON.stringify(wanted[key]),
  );
  if (different.length === 0) return;
  const key = different[0]!;
  throw new UserError(
    `was begun with another ${different.join(', ')} (${show(known[key])}, now ${show(wanted[key])})`,
    { file: path, field: key, remedy: 'repeat the first command to continue, or give --out another folder' },
  );
}

const show = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};
