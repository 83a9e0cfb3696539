/** An audit that meters what the veto loses, from the misses that its prescale kept. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { openLedger, openLedgerForAudit, type Ledger } from '../../src/audit/ledger.js';
import { lookAt, meterNight, meteredNight, prescaleOf, statedNumber } from '../../src/audit/meter.js';
import type { MeteredNight, MeterSettings } from '../../src/audit/meter.js';
import type { FrameProcessor } from '../../src/audit/processor.js';
import { renderAuditReport } from '../../src/audit/report.js';
import type { FrameRow } from '../../src/audit/rows.js';
import { runAudit } from '../../src/audit/run-audit.js';
import { summarizeAudit } from '../../src/audit/summary.js';
import { describeMetered } from '../../src/audit/words.js';
import { prescaleShare } from '../../src/ir/prescale.js';
import { meterDecisions } from '../../src/run/audit/decisions.js';
import { meteredLoss } from '../../src/statistics/metered-loss.js';
import { runCli } from '../cli/run-cli.js';
import { sampleIdentity, sampleRow } from './sample-rows.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-meter-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const settings: MeterSettings = { n: 8, key: 7, number: null, lost: 0.05, confidence: 0.95 };

/** A night in which a share `lost` of the hits is vetoed; a frame in five is a hit. `known`: whether its file says what it is. */
function rowOf(frame: number, lost: number, known = true): FrameRow {
  const random = createRandom(1000 + frame);
  const hit = random.uniform() < 0.2;
  const keep = hit ? random.uniform() >= lost : random.uniform() < 0.1;
  const { number, chosen } = prescaleOf(settings, frame, {});
  return sampleRow(frame, {
    keep,
    hit: known ? hit : null,
    number: String(number),
    prescaled: !keep && chosen,
    score: keep ? 20 : 0,
    margin: keep ? 10 : -10,
  });
}

const processorOf = (lost: number, known: (frame: number) => boolean = () => true): FrameProcessor => ({
  parallel: 2,
  process: (indices) =>
    Promise.resolve(indices.map((frame) => ({ row: rowOf(frame, lost, known(frame)), features: null }))),
  close: () => Promise.resolve(),
});

async function audited(
  name: string,
  count: number,
  processor: FrameProcessor,
): Promise<{ ledger: Ledger; looks: MeteredNight[] }> {
  const looks: MeteredNight[] = [];
  const growing = await openLedgerForAudit(join(folder, name), { ...sampleIdentity(count), meter: settings });
  await runAudit({ ledger: growing, processor, openReference: null, onLook: (night) => looks.push(night) });
  await growing.close();
  return { ledger: await openLedger(join(folder, name)), looks };
}

const COUNT = 4000;

describe('an audit told of the prescale', () => {
  it('estimates what is lost from the kept misses alone, with the interval of the statistics', async () => {
    const { ledger, looks } = await audited('within', COUNT, processorOf(0.02));
    const rows = Array.from({ length: COUNT }, (_, frame) => rowOf(frame, 0.02));
    const misses = rows.filter((r) => !r.keep);
    const kept = misses.filter((r) => r.prescaled);
    const keptHits = rows.filter((r) => r.keep && r.hit).length;
    const hits = kept.filter((r) => r.hit).length;
    const expected = meteredLoss(
      [{ share: prescaleShare(8), misses: misses.length, keptMisses: kept.length, hits }],
      keptHits,
    );
    const night = (await meteredNight(ledger))!;
    expect(night).toMatchObject({ ...expected, misses: misses.length, keptMisses: kept.length, keptHits });
    const truly = misses.filter((r) => r.hit && !r.prescaled).length;
    expect(night.lost.low).toBeLessThanOrEqual(truly);
    expect(night.lost.high).toBeGreaterThanOrEqual(truly);
    // Looks at 256, 512, 1,024 and 2,048 frames, each with more confidence than the one before.
    expect(looks.map((look) => look.confidence)).toEqual([0.975, 1 - 0.05 / 6, 1 - 0.05 / 12, 1 - 0.05 / 20]);
    const summary = (await summarizeAudit(ledger))!;
    expect(summary.metered).toEqual(night);
    const page = await renderAuditReport(ledger, {
      summary,
      read: () => Promise.resolve(null),
      spots: () => [],
      pictures: 0,
    });
    expect(page).toContain('misses that the prescale kept');
    expect(page).not.toContain('Alarm');
    await ledger.close();
  });

  it('raises the alarm, while it runs and at its end, where a planted drift loses more than the bound', async () => {
    const { ledger, looks } = await audited('beyond', COUNT, processorOf(0.6));
    expect(looks.some((look) => look.verdict === 'beyond')).toBe(true);
    const summary = (await summarizeAudit(ledger))!;
    expect(summary.metered!.verdict).toBe('beyond');
    expect(describeMetered(summary.metered!)).toContain('BEYOND the bound of 5 % of the hits');
    const page = await renderAuditReport(ledger, {
      summary,
      read: () => Promise.resolve(null),
      spots: () => [],
      pictures: 0,
    });
    expect(page).toContain('<b>Alarm.</b>');
    await ledger.close();
  });

  it('takes the worst of frames that nobody judged, and a verdict narrows it', async () => {
    const { ledger } = await audited(
      'open',
      1024,
      processorOf(0.02, (frame) => frame % 3 !== 0),
    );
    const before = (await meteredNight(ledger))!;
    expect(before.unjudgedAmongThem).toBeGreaterThan(0);
    expect(before.lost.value).toBeNull();
    const whole = await audited('whole', 1024, processorOf(0.02));
    const all = (await meteredNight(whole.ledger))!;
    expect(before.lost.low).toBeLessThanOrEqual(all.lost.low);
    expect(before.lost.high).toBeGreaterThan(all.lost.high);
    expect(before.lostShare.high).toBeGreaterThanOrEqual(all.lostShare.high);
    for (let frame = 0; frame < 1024; frame += 3) {
      const { prescaled, hit } = rowOf(frame, 0.02);
      if (prescaled) await ledger.setVerdict(frame, hit === true ? 'wrong' : 'right', '', '2026-01-01');
    }
    const after = (await meteredNight(ledger))!;
    expect(after).toMatchObject({ unjudgedAmongThem: 0, hitsAmongThem: all.hitsAmongThem });
    expect(after.lost.value).toBe(all.lost.value);
    await ledger.close();
    await whole.ledger.close();
  });

  it('says nothing where it was told of none', async () => {
    const growing = await openLedgerForAudit(join(folder, 'none'), sampleIdentity(300));
    await runAudit({ ledger: growing, processor: processorOf(0.6), openReference: null });
    expect(await meteredNight(growing)).toBeNull();
    await growing.close();
  });
});

describe('what a meter is made of', () => {
  it('takes whole numbers of 64 bits for the number of a frame, and nothing else', () => {
    expect(statedNumber(17)).toBe(17n);
    expect(statedNumber('18446744073709551615')).toBe(2n ** 64n - 1n);
    for (const wrong of ['18446744073709551616', '-1', '1.5', 'abc', '', undefined])
      expect(statedNumber(wrong)).toBeNull();
    const meter = { ...settings, number: 'pulseId', n: 1 };
    expect(prescaleOf(meter, 3, { pulseId: 90 })).toEqual({ number: 90n, chosen: true });
    expect(prescaleOf(meter, 3, {})).toEqual({ number: null, chosen: false });
  });

  it('looks each time that there are twice as many frames', () => {
    expect([0, 255, 256, 511, 512, 1024, 100_000].map(lookAt)).toEqual([0, 0, 1, 1, 2, 3, 9]);
  });

  it('is open where the interval reaches over the bound', () => {
    const counts = {
      misses: 800,
      keptMisses: 100,
      hitsAmongThem: 1,
      unjudgedAmongThem: 0,
      keptHits: 200,
      keptUnjudged: 0,
    };
    expect(meterNight(counts, settings).verdict).toBe('open');
    expect(meterNight({ ...counts, keptHits: 20_000 }, settings).verdict).toBe('within');
    expect(meterNight({ ...counts, hitsAmongThem: 60 }, settings).verdict).toBe('beyond');
  });

  it('refuses what cannot be metered, by the option', async () => {
    const number = await runCli('audit', 'out/none', '--frames', 'x.h5', '--frame-number', 'pulseId');
    expect(number).toMatchObject({ code: 2 });
    expect(number.stderr).toContain('--prescale 100');
    const prescale = await runCli('audit', 'out/none', '--frames', 'x.h5', '--prescale', '99999999');
    expect(prescale).toMatchObject({ code: 2 });
    expect(prescale.stderr).toContain('--prescale');
  });
});

describe('the decision words of the firmware', () => {
  /** A word of the interface: number, and bits from 96 on; the weight in bits 159..128. */
  function word(number: bigint, bits: number, weight: number): Buffer {
    const bytes = Buffer.alloc(32);
    bytes.writeBigUInt64LE(number, 0);
    bytes.writeUInt32LE(bits, 12);
    bytes.writeUInt32LE(weight, 16);
    return bytes;
  }
  const KEEP = 1;
  const BY_SCORE = 2;
  const BY_PRESCALE = 4;
  const BASE = 2n ** 63n;

  const night = (
    lost: number,
  ): { readonly words: Buffer; readonly judged: string; readonly rows: FrameRow[] } => {
    const rows = Array.from({ length: COUNT }, (_, frame) => rowOf(frame, lost));
    const words = rows.map((r, i) =>
      r.keep
        ? word(BASE + BigInt(i), KEEP | BY_SCORE, 1)
        : r.prescaled
          ? word(BASE + BigInt(i), KEEP | BY_PRESCALE, 8)
          : word(BASE + BigInt(i), 0, 0),
    );
    const judged = rows.flatMap((r, i) =>
      r.keep || r.prescaled ? [`${BASE + BigInt(i)},${r.hit === true ? 1 : 0}`] : [],
    );
    return { words: Buffer.concat(words), judged: ['number,hit', ...judged, ''].join('\n'), rows };
  };
  const metered = (name: string, look = 1): Promise<MeteredNight> =>
    meterDecisions(join(folder, `${name}.bin`), {
      judged: join(folder, `${name}.csv`),
      lose: 0.05,
      confidence: 0.95,
      look,
    });

  it('say the same as an audit of the frames, without a frame; a beam that loses more raises the alarm', async () => {
    const { words, judged, rows } = night(0.02);
    writeFileSync(join(folder, 'good.bin'), Buffer.concat([words, Buffer.alloc(7)]));
    writeFileSync(join(folder, 'good.csv'), judged);
    const found = await metered('good');
    const misses = rows.filter((r) => !r.keep);
    const kept = misses.filter((r) => r.prescaled);
    expect(found).toMatchObject({
      misses: misses.length,
      keptMisses: kept.length,
      hitsAmongThem: kept.filter((r) => r.hit).length,
      unjudgedAmongThem: 0,
      settings: { n: 8 },
    });
    const looked = await metered('good', 3);
    expect(looked.lost.high).toBeGreaterThan(found.lost.high);
    const bad = night(0.6);
    writeFileSync(join(folder, 'bad.bin'), bad.words);
    writeFileSync(join(folder, 'bad.csv'), bad.judged);
    const { code, stdout } = await runCli('audit', 'meter', join(folder, 'bad.bin'), '--judged', join(folder, 'bad.csv'), '--lose', '5%'); // prettier-ignore
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ALARM: hits lost/);
  });

  it('that say nothing of a prescale, or lists that are none, are refused by name', async () => {
    writeFileSync(join(folder, 'none.bin'), word(1n, KEEP | BY_SCORE, 1));
    writeFileSync(join(folder, 'none.csv'), 'number,hit\n1,1\n');
    await expect(metered('none')).rejects.toThrow(/no word says.*register/s);
    writeFileSync(join(folder, 'two.bin'), Buffer.concat([word(1n, 5, 8), word(2n, 5, 9)]));
    writeFileSync(join(folder, 'two.csv'), '1,1\n');
    await expect(metered('two')).rejects.toThrow(/changed from 8 to 9/);
    writeFileSync(join(folder, 'two.csv'), 'one,1\n');
    await expect(metered('two')).rejects.toThrow(/line 1 is not a frame number/);
    await expect(metered('missing')).rejects.toThrow(/cannot be read \(ENOENT\)/);
  });
});
