/** The local page on a ledger. */
import { once } from 'node:events';
import { openLedger } from '../../audit/ledger.js';
import { openSecondLook } from '../../audit/second-look.js';
import type { AuditedNetworks } from '../../audit/setup.js';
import { startEvidenceMaker } from '../../audit/view/evidence-thread.js';
import { createInspector } from '../../audit/view/inspector.js';
import { serveView } from '../../audit/view/serve.js';
import { UserError } from '../../core/errors.js';
import type { Emit } from '../events.js';
import { loadRun } from '../folder.js';
import { openAuditedFrames, summaryOf, withGeometry, type Moved } from './read.js';
import { networkDigest } from '../digests.js';

export interface ViewRequest extends Moved {
  readonly host: string;
  readonly port: number;
}

/** The run's networks, if they are those that decided. */
async function auditedNetworks(dir: string, digest: string): Promise<AuditedNetworks> {
  const { fixed, float } = await loadRun(dir);
  if (networkDigest(fixed, float) !== digest)
    throw new UserError('is not the network that was audited', {
      file: dir,
      remedy: 'name the run of this audit, or audit again into another folder',
    });
  return { fixed, float };
}

/** Serves the audit in `folder` of the run in `dir` until `signal` is aborted; `onOpen` gets the address. */
export async function viewAudit(
  dir: string,
  folder: string,
  options: ViewRequest,
  signal: AbortSignal,
  emit: Emit,
  onOpen: (url: string) => void,
): Promise<void> {
  const ledger = await openLedger(folder);
  try {
    await summaryOf(ledger);
    const identity = await withGeometry(ledger.identity, options.geometry);
    const networks = await auditedNetworks(dir, identity.networkDigest);
    const source = await openAuditedFrames(identity);
    const evidence = startEvidenceMaker(networks);
    try {
      const look = openSecondLook(identity, source);
      const inspector = createInspector({ source, ...look, evidence });
      const now = (): string => new Date().toISOString();
      const server = await serveView(
        { ledger, inspector, now },
        {
          address: options.host,
          port: options.port,
          onDefect: (error) => {
            emit({ event: 'warning', warning: { about: 'view', problem: String(error) } });
          },
        },
      );
      onOpen(server.url);
      if (!signal.aborted) await once(signal, 'abort');
      await server.close();
    } finally {
      evidence.close();
      await source.close();
    }
  } finally {
    await ledger.close();
  }
}
