/** What the local page asks: a table of paths, each answered from the ledger or from the frames. */
import { z } from 'zod';
import { mapColour } from '../../draw/picture.js';
import { FLAG_NAMES, FLAG_WORDS } from '../flags.js';
import type { Ledger } from '../ledger.js';
import { VERDICTS } from '../schema.js';
import { summarizeAudit } from '../summary.js';
import { describeDecision, describeMetered } from '../words.js';
import { ARITHMETICS } from './evidence.js';
import { findFrame, listFrames, listQuerySchema, type ListedFrame } from './frame-list.js';
import type { Inspector } from './inspector.js';

export interface ViewParts {
  readonly ledger: Ledger;
  readonly inspector: Inspector;
  /** The time of a verdict, ISO 8601. */
  readonly now: () => string;
}

export type Answer =
  | { readonly status: 200; readonly json: unknown }
  | { readonly status: 200; readonly bytes: Uint8Array }
  | { readonly status: 400 | 404; readonly why: string };

interface Question {
  readonly frame: number;
  readonly query: URLSearchParams;
  /** Parsed JSON of a POST; null for GET. */
  readonly body: unknown;
}
type Handler = (parts: ViewParts, question: Question) => Promise<Answer>;

const verdictSchema = z.strictObject({
  verdict: z.enum(VERDICTS).nullable(),
  note: z.string().max(2000).default(''),
});
const arithmeticSchema = z.enum(ARITHMETICS);

const json = (value: unknown): Answer => ({ status: 200, json: value });
const missing: Answer = { status: 404, why: 'there is no such frame' };

/** The colours of the evidence, 256 × RGB. */
const palette = Array.from({ length: 256 }, (_, i) => mapColour(i / 255));

const audit: Handler = async ({ ledger, inspector }) => {
  const summary = await summarizeAudit(ledger);
  const flags = FLAG_NAMES.map((name) => ({ name, ...FLAG_WORDS[name], count: summary?.flags[name] ?? 0 }));
  const { height, width } = inspector;
  const { identity } = ledger;
  const night = summary?.metered ?? null;
  const metered =
    night === null ? null : { words: describeMetered(night), alarm: night.verdict === 'beyond' };
  return json({
    summary,
    metered,
    flags,
    palette,
    height,
    width,
    run: identity.run,
    finder: identity.finder,
  });
};

const list: Handler = async ({ ledger }, { query }) => {
  const parsed = listQuerySchema.safeParse(Object.fromEntries(query));
  return parsed.success
    ? json(await listFrames(ledger, parsed.data))
    : { status: 400, why: 'the list cannot be filtered like this' };
};

/** Answers with what `use` makes of the row of the frame. */
const withRow =
  (use: (parts: ViewParts, row: ListedFrame, question: Question) => Promise<Answer>): Handler =>
  async (parts, question) => {
    const row = await findFrame(parts.ledger, question.frame);
    return row === null ? missing : use(parts, row, question);
  };

const frame = withRow(async ({ ledger, inspector }, row) =>
  json({
    row,
    sentence: describeDecision(row, ledger.identity.threshold),
    spots: await inspector.spots(row.frame),
    rings: await inspector.rings(row.frame),
    scale: (await inspector.geometry(row.frame)).scale,
  }),
);

/** `uint16` little-endian pixels, then one byte a pixel: 1 live, 0 masked. */
const pixels = withRow(async ({ inspector }, row) => {
  const read = await inspector.frame(row.frame);
  if (read === null) return { status: 404, why: 'the frame cannot be read' };
  const count = read.pixels.length;
  const bytes = new Uint8Array(3 * count);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setUint16(2 * i, read.pixels[i]!, true);
  if (read.mask === null) bytes.fill(1, 2 * count);
  else bytes.set(read.mask, 2 * count);
  return { status: 200, bytes };
});

const evidence = withRow(async ({ ledger, inspector }, row, { query }) => {
  const arithmetic = arithmeticSchema.safeParse(query.get('arithmetic') ?? 'fixed');
  if (!arithmetic.success) return { status: 400, why: 'the arithmetic is fixed or float' };
  const keep = arithmetic.data === 'float' ? (row.floatKeep ?? row.keep) : row.keep;
  const found = await inspector.evidence(row.frame, arithmetic.data, keep);
  if (found === null) return { status: 404, why: 'the frame cannot be read' };
  return json({
    layer: found.layer,
    keep,
    levels: Buffer.from(found.levels).toString('base64'),
    sentence: describeDecision(row, ledger.identity.threshold, found.words),
  });
});

const saveVerdict = withRow(async ({ ledger, now }, row, { body }) => {
  const parsed = verdictSchema.safeParse(body);
  if (!parsed.success) return { status: 400, why: 'a verdict is right, wrong, unsure or null, with a note' };
  await ledger.setVerdict(row.frame, parsed.data.verdict, parsed.data.note, now());
  return json({ frame: row.frame, ...parsed.data });
});

const ROUTES: readonly {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  readonly handler: Handler;
}[] = [
  { method: 'GET', path: /^\/api\/audit$/, handler: audit },
  { method: 'GET', path: /^\/api\/frames$/, handler: list },
  { method: 'GET', path: /^\/api\/frames\/(\d{1,9})$/, handler: frame },
  { method: 'GET', path: /^\/api\/frames\/(\d{1,9})\/pixels$/, handler: pixels },
  { method: 'GET', path: /^\/api\/frames\/(\d{1,9})\/evidence$/, handler: evidence },
  { method: 'POST', path: /^\/api\/frames\/(\d{1,9})\/verdict$/, handler: saveVerdict },
];

/** Answers one question. `path` is the path of the URL as it was sent, not decoded. */
export async function answer(
  parts: ViewParts,
  method: string,
  path: string,
  query: URLSearchParams,
  body: unknown,
): Promise<Answer> {
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(path) : null;
    if (match !== null) return route.handler(parts, { frame: Number(match[1] ?? -1), query, body });
  }
  return { status: 404, why: 'there is nothing here' };
}
