/** A process that audits invented frames and is meant to be killed: `node --import tsx audit-child.ts FOLDER COUNT MS`. */
import { openLedgerForAudit } from '../../src/audit/ledger.js';
import { runAudit } from '../../src/audit/run-audit.js';
import { inventedProcessor, sampleIdentity } from './sample-rows.js';

const [folder, count, delay] = process.argv.slice(2);
const ledger = await openLedgerForAudit(folder!, sampleIdentity(Number(count)));
await runAudit({
  ledger,
  processor: inventedProcessor(Number(delay)),
  openReference: null,
  onProgress: ({ done }) => process.stdout.write(`${done}\n`),
});
await ledger.close();
