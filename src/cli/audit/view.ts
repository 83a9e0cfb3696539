/** `vetoc audit view`: the local page on a ledger. */
import { once } from 'node:events';
import { openLedger } from '../../audit/ledger.js';
import { openSecondLook } from '../../audit/second-look.js';
import type { AuditedNetworks } from '../../audit/setup.js';
import { createEvidenceMaker } from '../../audit/view/evidence.js';
import { createInspector } from '../../audit/view/inspector.js';
import { serveView } from '../../audit/view/serve.js';
import { UserError } from '../../core/errors.js';
import { say } from '../console.js';
import { loadRun } from '../run-folder.js';
import { openAuditedFrames, summaryOf, withGeometry, type Moved } from './read.js';
import { auditFolder, networkDigest } from './start.js';

export interface ViewOptions extends Moved {
  readonly out?: string;
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

/** Serves until `signal` is aborted. */
export async function view(dir: string, options: ViewOptions, signal: AbortSignal): Promise<void> {
  const ledger = await openLedger(auditFolder(dir, options.out), 'write');
  try {
    await summaryOf(ledger);
    const identity = await withGeometry(ledger.identity, options.geometry);
    const networks = await auditedNetworks(dir, identity.networkDigest);
    const source = await openAuditedFrames(identity);
    const evidence = createEvidenceMaker(networks);
    try {
      const look = await openSecondLook(identity, source);
      const inspector = createInspector({ source, ...look, evidence });
      const now = (): string => new Date().toISOString();
      const server = await serveView(
        { ledger, inspector, now },
        { address: options.host, port: options.port, onDefect: (error) => process.stderr.write(`${String(error)}\n`) }, // prettier-ignore
      );
      say(server.url);
      process.stderr.write('Open this address in a browser on this machine; Ctrl-C ends.\n');
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
