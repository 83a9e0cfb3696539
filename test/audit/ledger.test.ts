import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { exportFrames, exportLabels, exportTemporary } from '../../src/audit/export.js';
import { openLedger, openLedgerForAudit, type Ledger, type LedgerContent } from '../../src/audit/ledger.js';
import { renderAuditReport } from '../../src/audit/report.js';
import { runAudit } from '../../src/audit/run-audit.js';
import { summarizeAudit } from '../../src/audit/summary.js';
import { inventedProcessor, inventedRow, sampleIdentity, sampleRow } from './sample-rows.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-audit-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function audited(name: string, count: number): Promise<Ledger> {
  const ledger = await openLedgerForAudit(join(folder, name), sampleIdentity(count));
  await runAudit({ ledger, processor: inventedProcessor(), openReference: null });
  await ledger.close();
  return openLedger(join(folder, name));
}

/** Everything that a ledger holds, in order. */
async function contents(ledger: LedgerContent): Promise<unknown> {
  const read = async (sql: string): Promise<unknown> => (await ledger.database.query(sql, 1000)).rows;
  return {
    frames: await read('SELECT * FROM frames ORDER BY frame'),
    keys: await read('SELECT frame, sample_key FROM frame_rows ORDER BY frame'),
    windows: await read('SELECT * FROM windows ORDER BY first_frame'),
    meta: await read('SELECT * FROM meta ORDER BY key'),
  };
}

describe('a ledger', () => {
  it('gives back the rows that it was given', async () => {
    const ledger = await audited('plain', 100);
    const rows = await ledger.database.select(
      'SELECT frame, score, float_score, keep, problem FROM frames ORDER BY frame',
    );
    expect(rows).toHaveLength(100);
    for (const row of rows) {
      const { score, floatScore, keep, problem } = inventedRow(row['frame'] as number);
      expect(row).toEqual({ frame: row['frame'], score, float_score: floatScore, keep, problem });
    }
    expect(await ledger.finished()).toBe(true);
    await ledger.close();
  });

  it('refuses a row twice, and then keeps none of its block', async () => {
    const ledger = await openLedgerForAudit(join(folder, 'twice'), sampleIdentity(10));
    await ledger.append([sampleRow(1)]);
    await expect(ledger.append([sampleRow(0), sampleRow(1)])).rejects.toThrow(/[Cc]onstraint|[Dd]uplicate/);
    expect([...(await ledger.done(0, 10))]).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    await ledger.close();
  });

  it('is not continued with another network, and says what differs', async () => {
    await (await audited('other', 40)).close();
    const other = { ...sampleIdentity(40), networkDigest: 'ffff' };
    await expect(openLedgerForAudit(join(folder, 'other'), other)).rejects.toThrow(/networkDigest.*--out/s);
    const moved = { ...sampleIdentity(40), run: 'elsewhere', frames: ['elsewhere/night.h5'] };
    await (await openLedgerForAudit(join(folder, 'other'), moved)).close();
  });

  it('that is missing or no ledger is said in words and not made', async () => {
    await expect(openLedger(join(folder, 'nowhere'))).rejects.toThrow('there is no ledger here');
    writeFileSync(join(folder, 'ledger.duckdb'), 'x'.repeat(5000));
    await expect(openLedger(folder)).rejects.toThrow('is no ledger');
  });

  it('opened for reading answers queries and touches nothing else', async () => {
    await (await audited('closed', 10)).close();
    const ledger = await openLedger(join(folder, 'closed'));
    const { database } = ledger;
    expect(await database.select('SELECT count(*) AS n FROM frames')).toEqual([{ n: 10 }]);
    for (const sql of [
      "SELECT * FROM read_text('/etc/hostname')",
      `COPY frames TO '${join(folder, 'stolen.csv')}'`,
      "ATTACH '/tmp/other.duckdb' AS other",
      'DELETE FROM frame_rows',
      'SET enable_external_access = true',
      'INSTALL httpfs',
    ])
      await expect(database.query(sql, 100), sql).rejects.toThrow();
    await ledger.close();
  });

  it('answers a query that would fill the memory in words, before it does', async () => {
    const { database, close } = await audited('greedy', 3);
    for (const sql of [
      "SELECT repeat('x', 4000000000)",
      "SELECT length(repeat('x', 4000000000 + frame)) FROM frames",
      "SELECT lpad('x', 2000000000, 'y')",
    ])
      // prettier-ignore
      await expect(database.query(sql, 9), sql).rejects.toThrow(/more than 1,000,000 characters/);
    expect((await database.query("SELECT repeat('ab', 2), lpad('a', 3, 'b'), rpad('a', 3, 'b')", 9)).rows).toEqual([['abab', 'bba', 'abb']]); // prettier-ignore
    await close();
  });

  it('is open to several readers at once, who see each other’s verdicts', async () => {
    await (await audited('shared', 10)).close();
    const [one, other] = [await openLedger(join(folder, 'shared')), await openLedger(join(folder, 'shared'))];
    const said = async (ledger: Ledger): Promise<unknown> =>
      (await ledger.database.query('SELECT frame, verdict FROM frames WHERE verdict IS NOT NULL', 10)).rows;
    await one.setVerdict(3, 'wrong', 'a lattice', '2026-01-01T00:00:00Z');
    expect(await said(other)).toEqual([[3, 'wrong']]);
    await other.setVerdict(3, null, '', '2026-01-01T00:00:01Z');
    expect(await said(one)).toEqual([]);
    await Promise.all([one.close(), other.close()]);
  });

  it('takes no half verdict, and says which line is none', async () => {
    const name = join(folder, 'halved');
    await (await audited('halved', 10)).close();
    const file = join(name, 'verdicts.jsonl');
    const whole = '{"frame":1,"verdict":"right","note":"","at":"2026-01-01T00:00:00Z"}\n';
    writeFileSync(file, `${whole}{"frame":2,"verd`);
    const ledger = await openLedger(name);
    expect(
      (await ledger.database.query('SELECT frame, verdict FROM frames WHERE verdict IS NOT NULL', 9)).rows,
    ).toEqual([[1, 'right']]);
    writeFileSync(file, `${whole}{"frame":2}\n`);
    await expect(ledger.database.select('SELECT 1')).rejects.toThrow(
      /verdicts\.jsonl.*line 2 is no verdict/s,
    );
    await ledger.close();
  });

  it('from elsewhere cannot read files: its views are made anew, and nothing but the ledger is open', async () => {
    const name = join(folder, 'foreign');
    await (await audited('foreign', 10)).close();
    const secret = join(folder, 'secret.txt');
    writeFileSync(secret, 'not yours');
    const planted = await DuckDBInstance.create(join(name, 'ledger.duckdb'));
    const connection = await planted.connect();
    await connection.run(
      `CREATE OR REPLACE VIEW frames AS SELECT content AS file, 0 AS frame FROM read_text('${secret}')`,
    );
    await connection.run(`CREATE VIEW bait AS SELECT * FROM read_text('${secret}')`);
    connection.closeSync();
    planted.closeSync();
    const ledger = await openLedger(name);
    expect((await ledger.database.query('SELECT count(*) FROM frames', 9)).rows).toEqual([[10]]);
    await expect(ledger.database.query('SELECT * FROM bait', 9)).rejects.toThrow(/disabled by configuration/);
    await expect(ledger.database.query('SELECT * FROM ledger.frames', 9)).rejects.toThrow(
      /disabled by configuration/,
    );
    await ledger.close();
  });

  it('answers one SELECT at a time, so many rows and no text without end', async () => {
    const { database, close } = await audited('asked', 100);
    for (const sql of ['CALL enable_logging()', 'SELECT 1; SELECT 2', 'EXPLAIN SELECT 1', ''])
      await expect(database.query(sql, 9), sql).rejects.toThrow(/one SELECT/);
    const some = await database.query('SELECT frame FROM frames ORDER BY frame DESC', 3);
    expect(some).toEqual({ columns: ['frame'], rows: [[99], [98], [97]], cut: true });
    expect(await database.query('FROM frames SELECT frame WHERE frame = 5 -- one', 3)).toMatchObject({
      rows: [[5]],
      cut: false,
    });
    const { columns, rows } = await database.query(
      'SELECT repeat(\'x\', 100000) AS a, 1 AS a, NULL AS "q"""',
      9,
    );
    expect(columns).toEqual(['a', 'a', 'q"']);
    expect(rows[0]![0]).toBe('(100000 bytes of text)');
    await close();
  });

  it('that is empty after a full disk is taken up again; a damaged one is not said to be in use', async () => {
    const name = join(folder, 'full');
    await (await audited('full', 10)).close();
    const file = join(name, 'ledger.duckdb');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(7, 4096, 40_000));
    await expect(openLedger(name)).rejects.toThrow(/is no ledger/);
    writeFileSync(file, '');
    await expect(openLedger(name)).rejects.toThrow(/empty ledger/);
    await (await audited('full', 10)).close();
  });

  it('stops when asked to and goes on from there', async () => {
    const stop = new AbortController();
    const ledger = await openLedgerForAudit(join(folder, 'stopped'), sampleIdentity(400));
    const options = { ledger, processor: inventedProcessor(1), openReference: null };
    const first = await runAudit({ ...options, signal: stop.signal, onProgress: () => { stop.abort(); } }); // prettier-ignore
    expect(first.finished).toBe(false);
    expect(first.processed).toBeLessThan(200);
    const second = await runAudit(options);
    expect(second).toEqual({ finished: true, processed: 400 - first.processed });
    const whole = await audited('whole400', 400);
    expect(await contents(ledger)).toEqual(await contents(whole));
    await ledger.close();
    await whole.close();
  });

  it('killed five times at random ends as if it never was', async () => {
    const count = 1200;
    const random = createRandom(77);
    const child = fileURLToPath(new URL('audit-child.ts', import.meta.url));
    const killed = join(folder, 'killed');
    const start = () =>
      spawn(process.execPath, ['--import', 'tsx', child, killed, String(count), '15'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    for (let kill = 0; kill < 5; kill++) {
      const victim = start();
      // At random between the first block and a few blocks later, in the middle of whatever it does then.
      await once(victim.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, random.integer(0, 60)));
      victim.kill('SIGKILL');
      await once(victim, 'exit');
    }
    const interrupted = await openLedger(killed);
    const { n } = (await interrupted.database.select('SELECT count(*) AS n FROM frame_rows'))[0]!;
    expect(n).toBeGreaterThan(0);
    expect(n).toBeLessThan(count);
    await interrupted.close();
    const last = start();
    last.stdout.resume();
    await once(last, 'exit');
    const [survivor, calm] = [await openLedger(killed), await audited('calm', count)];
    expect(await survivor.finished()).toBe(true);
    expect(await contents(survivor)).toEqual(await contents(calm));
    await survivor.close();
    await calm.close();
  });
});

describe('what is read from a ledger', () => {
  const HOSTILE = '<script>alert(1)</script>"\'&\u001b[2J.h5';

  async function flagged(name: string): Promise<Ledger> {
    const ledger = await openLedgerForAudit(join(folder, name), sampleIdentity(6));
    await ledger.append([
      sampleRow(0, { keep: false, score: 0, margin: -10, spots: 30, hit: true, file: HOSTILE }),
      sampleRow(1, { keep: false, score: 9, margin: -1, spots: 0, floatKeep: true, hit: false }),
      sampleRow(2, {
        score: null,
        margin: null,
        floatKeep: null,
        floatScore: null,
        spots: null,
        problem: HOSTILE,
      }),
      sampleRow(3, { keep: false, score: -90, margin: -100, floatKeep: false, spots: 1, hit: false }),
      sampleRow(4),
      sampleRow(5),
    ]);
    await runAudit({ ledger, processor: inventedProcessor(), openReference: null });
    await ledger.close();
    const out = ['csv', 'parquet'].map((format) => exportTemporary(join(folder, `it's.${format}`)));
    return openLedger(join(folder, name), { files: out });
  }

  it('flags what a human should look at', async () => {
    const ledger = await flagged('flags');
    const summary = (await summarizeAudit(ledger))!;
    expect(summary.flags).toEqual({
      vetoed_with_peaks: 1,
      float_disagrees: 2,
      near_threshold: 1,
      unlike_training: 0,
      drift: 0,
      malformed: 1,
    });
    expect(summary).toMatchObject({ audited: 6, vetoed: 3, kept: 3, lostHits: null });
    expect(summary.truth).toEqual({ hits: 1, hitsLost: 1, misses: 2, missesKept: 0 });
    await ledger.close();
  });

  it('takes verdicts, replaces and withdraws them, and makes labels of them', async () => {
    const ledger = await flagged('verdicts');
    await ledger.setVerdict(0, 'unsure', '', '2026-01-01T00:00:00Z');
    await ledger.setVerdict(0, 'wrong', 'a clear lattice', '2026-01-01T00:00:00Z');
    await ledger.setVerdict(3, 'right', '', '2026-01-01T00:00:00Z');
    await ledger.setVerdict(1, 'right', '', '2026-01-01T00:00:00Z');
    await ledger.setVerdict(1, null, '', '2026-01-01T00:00:00Z');
    const path = join(folder, 'labels.csv');
    expect(await exportLabels(ledger, path)).toBe(2);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines).toEqual(['file,index,hit', `"${HOSTILE.replace('"', '""')}",0,1`, '"night.h5",3,0']);
    await ledger.close();
  });

  it('gives a spreadsheet nothing to compute', async () => {
    const name = join(folder, 'formulas');
    const growing = await openLedgerForAudit(name, sampleIdentity(2));
    await growing.append([
      sampleRow(0, { file: '=cmd|x!A1.h5', className: '@SUM(1)', score: -3 }),
      sampleRow(1, { file: 'a.h5', className: 'plain', score: -4 }),
    ]);
    await runAudit({ ledger: growing, processor: inventedProcessor(), openReference: null });
    await growing.close();
    const path = join(folder, 'formulas.csv');
    const ledger = await openLedger(name, { files: [exportTemporary(path)] });
    await exportFrames(ledger, path, 'csv');
    const text = readFileSync(path, 'utf8');
    expect(text).toContain('./=cmd|x!A1.h5');
    expect(text).toContain("'@SUM(1)");
    expect(text).toMatch(/,-3,/);
    expect(text).not.toMatch(/(^|[,"])[=+@]/m);
    await ledger.setVerdict(0, 'right', '', '2026-01-01T00:00:00Z');
    await exportLabels(ledger, join(folder, 'formulas-labels.csv'));
    expect(readFileSync(join(folder, 'formulas-labels.csv'), 'utf8')).toContain('"./=cmd|x!A1.h5",0,1');
    await ledger.close();
  });

  it('goes out as CSV and Parquet, every frame once and in order', async () => {
    await (await audited('export', 150)).close();
    const out = ['csv', 'parquet'].map((format) => exportTemporary(join(folder, `it's.${format}`)));
    const ledger = await openLedger(join(folder, 'export'), { files: out });
    const elsewhere = await DuckDBInstance.create(':memory:');
    const other = await elsewhere.connect();
    for (const format of ['csv', 'parquet'] as const) {
      const path = join(folder, `it's.${format}`);
      await exportFrames(ledger, path, format);
      const quoted = path.replaceAll("'", "''");
      const back = await other.runAndReadAll(`SELECT frame, score, keep FROM '${quoted}'`);
      const here = await ledger.database.query('SELECT frame, score, keep FROM frames ORDER BY frame', 1000);
      expect(
        back
          .getRowsJson()
          .map(([frame, score, keep]) => [Number(frame), score === null ? null : Number(score), keep]),
      ).toEqual(here.rows);
    }
    other.closeSync();
    elsewhere.closeSync();
    await ledger.close();
  });

  it('is text in the report, never markup', async () => {
    const ledger = await flagged('report');
    const summary = (await summarizeAudit(ledger))!;
    const frame = { height: 8, width: 8, pixels: new Uint16Array(64).fill(3), mask: null };
    const page = await renderAuditReport(ledger, {
      summary,
      read: (index) => Promise.resolve(index === 2 ? null : frame),
      spots: () => [{ y: 3, x: 3 }],
      pictures: 5,
    });
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(page).toContain("default-src 'none'");
    expect(page).toContain('the frame cannot be read');
    await ledger.close();
  });
});
