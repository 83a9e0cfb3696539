/**
 * Decisions as rows of the audit's ledger: `ledger:DIR`, which `vetoc audit query`, `report`, `view` and `export --out DIR` read
 * once the session has ended.
 *
 * Rows are committed together, some hundred or those of half a second, so that a kill loses no more than those, and their
 * numbers show which. A ledger belongs to one network: another one, by SIGHUP, begins DIR-2.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditIdentity } from '../../audit/identity.js';
import { LEDGER_FILE, openLedgerForAudit, type GrowingLedger } from '../../audit/ledger.js';
import { NO_REFERENCE } from '../../audit/reference.js';
import { bitsOf, NOT_LOOKED_AT, type FrameRow } from '../../audit/rows.js';
import { windowsOf } from '../../audit/run-audit.js';
import { lsb } from '../../fixed/format.js';
import { findNode, inputNode } from '../../ir/graph.js';
import { argmax } from '../../statistics/metrics.js';
import type { LiveNetwork } from '../decide/network.js';
import type { Delivery } from '../decision.js';
import { grouped } from './grouped.js';
import type { LiveSink } from './sink.js';

export interface LedgerFacts {
  /** The run's folder, and where frames come from, in words. */
  readonly run: string;
  readonly source: string;
  readonly prescale: number;
  readonly prescaleKey: number;
  /** The network of a digest; the one that decides now for null. */
  readonly networkOf: (digest: string | null) => LiveNetwork;
}

/** What a bound on the hits lost is asked of a ledger that says none. */
const [LOST, CONFIDENCE] = [0.01, 0.95];

function identityOf({ fixed, digest, threshold }: LiveNetwork, facts: LedgerFacts): AuditIdentity {
  const [height, width] = inputNode(fixed).size;
  const { prescale, prescaleKey } = facts;
  return {
    version: 2,
    network: fixed.name,
    networkDigest: digest,
    classNames: [...fixed.classNames],
    threshold,
    level: lsb(findNode(fixed, fixed.output).format),
    run: facts.run,
    // No file holds them.
    frames: [],
    frameOptions: {},
    count: 0,
    height,
    width,
    framesDigest: facts.source,
    finder: 'peakfinder8',
    finderParameters: [],
    geometry: {},
    reference: 'none',
    meter:
      prescale === 0
        ? null
        : { n: prescale, key: prescaleKey, number: null, lost: LOST, confidence: CONFIDENCE },
    blockFrames: 1,
  };
}

type Frame = Extract<Delivery, { kind: 'frame' }>;

function rowOf(frame: number, { decision, frame: seen }: Frame, { fixed, threshold }: LiveNetwork): FrameRow {
  const { score, logits, networkKeep, keep, reason, problem, number, series } = decision;
  const margin = score === null ? null : score - threshold;
  const told = reason === 'score' || reason === 'prescale' ? null : reason;
  return {
    frame,
    file: seen.origin?.file ?? series,
    fileIndex: seen.origin?.index ?? (number !== null && number < 2 ** 31 ? number : -1),
    time: new Date().toISOString(),
    number: number === null ? null : String(number),
    prescaled: reason === 'prescale',
    hit: null,
    indexable: null,
    keep: networkKeep ?? keep,
    className: logits === null ? null : fixed.classNames[argmax(logits)]!,
    score,
    margin,
    marginBits: margin === null ? null : bitsOf(margin),
    ...NOT_LOOKED_AT,
    problem: told === null ? null : problem === null ? told : `${told}: ${problem}`,
  };
}

/** Continues the ledger in `folder`, or begins it. Throws `UserError` where it cannot be. */
export async function ledgerSink(folder: string, facts: LedgerFacts): Promise<LiveSink> {
  let place = folder;
  let digest = facts.networkOf(null).digest;
  let ledger: GrowingLedger | null = null;
  /** Rows of the ledger that are committed. */
  let committed = 0;
  let next = 0;

  async function opened(): Promise<GrowingLedger> {
    if (ledger !== null) return ledger;
    const one = await openLedgerForAudit(place, identityOf(facts.networkOf(digest), facts), {
      grows: true,
    });
    ledger = one;
    if ((await one.reference()) === null) await one.setReference(NO_REFERENCE);
    committed = one.identity.count;
    return one;
  }

  /** The first folder beside `folder` without a ledger. */
  function nextPlace(): string {
    for (let n = 2; ; n++) if (!existsSync(join(`${folder}-${n}`, LEDGER_FILE))) return `${folder}-${n}`;
  }

  async function letGo(): Promise<void> {
    const last = ledger;
    ledger = null;
    await last?.close();
  }

  const rows = grouped<FrameRow>(async (all) => {
    try {
      const into = await opened();
      // After a failure nobody knows whether the disk has them: the ledger itself says so.
      const missing = all.filter(({ frame }) => frame >= committed);
      await into.append(missing);
      committed = into.identity.count;
    } catch (error) {
      // A database whose disk was full takes nothing more before it is opened anew.
      await letGo().catch(() => undefined);
      throw error;
    }
  });

  async function finish(): Promise<void> {
    await rows.flush();
    const into = await opened();
    await into.finish(await windowsOf(into));
    await letGo();
  }

  await opened();
  next = committed;
  return {
    name: `ledger:${folder}`,
    async deliver(delivery) {
      if (delivery.kind !== 'frame') return;
      const { network } = delivery.decision;
      if (network !== null && network !== digest) {
        await finish();
        digest = network;
        place = nextPlace();
        await opened();
        next = committed;
      }
      await rows.add(rowOf(next, delivery, facts.networkOf(network ?? digest)));
      next += 1;
    },
    held: rows.waiting,
    close: finish,
  };
}
