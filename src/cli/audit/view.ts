/** `vetoc audit view`: the local page on a ledger. */
import { once } from 'node:events';
import { openLedger } from '../../audit/ledger.js';
import { detectorOf, type AuditedNetworks } from '../../audit/setup.js';
import { createEvidenceMaker } from '../../audit/view/evidence.js';
import { createInspector } from '../../audit/view/inspector.js';
import { serveView } from '../../audit/view/serve.js';
import { UserError } from '../../core/errors.js';
import type { OpenFramesOptions } from '../../data/open.js';
import { createFrameSpotFinder } from '../../spotfind/finder.js';
import type { StatedGeometry } from '../../spotfind/geometry.js';
import { parseSpotParameters, type SpotAlgorithm } from '../../spotfind/parameters.js';
import { say } from '../console.js';
import { loadRun } from '../run-folder.js';
import { openAuditedFrames, summaryOf } from './read.js';
import { auditFolder, networkDigest } from './start.js';

export interface ViewOptions {
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
    const { identity } = ledger;
    const networks = await auditedNetworks(dir, identity.networkDigest);
    const source = await openAuditedFrames(identity);
    const evidence = createEvidenceMaker(networks);
    try {
      const frames = { kind: 'files', paths: identity.frames, options: identity.frameOptions as OpenFramesOptions } as const; // prettier-ignore
      const { detector, stated } = await detectorOf({ frames, stated: identity.geometry as unknown as StatedGeometry }, source); // prettier-ignore
      const finder = parseSpotParameters(identity.finder as SpotAlgorithm, identity.finderParameters);
      const find = createFrameSpotFinder(finder, detector);
      const panelled = detector?.radii != null;
      const inspector = createInspector({ source, find, stated, panelled, evidence });
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
