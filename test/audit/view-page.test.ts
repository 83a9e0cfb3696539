/** The local page in a browser: Debian's Chromium, driven by playwright-core. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exportLabels } from '../../src/audit/export.js';
import { contrastOf } from './contrast.js';
import { HOSTILE, NOW, startSampleView, type SampleView } from './view-fixture.js';

const CHROMIUM = '/usr/bin/chromium';
const missing =
  existsSync(CHROMIUM) || process.env['CI'] === 'true' ? null : `no ${CHROMIUM}: install chromium`;

describe.skipIf(missing !== null)(`the page of an audit${missing === null ? '' : ` (${missing})`}`, () => {
  let view: SampleView;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    view = await startSampleView();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await newPage({});
  });
  afterAll(async () => {
    await browser.close();
    await view.close();
  });

  async function newPage(options: BrowserContextOptions): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, ...options });
    const made = await context.newPage();
    made.on('pageerror', (error) => errors.push(error.message));
    made.on('console', (message) => errors.push(message.text()));
    made.on('dialog', (dialog) => errors.push(dialog.message()));
    return made;
  }
  async function visit(): Promise<void> {
    // The hash of the last visit would not load the page anew.
    await page.goto('about:blank');
    await page.goto(view.server.url);
    await page.waitForSelector('tbody tr');
  }
  beforeEach(async () => {
    errors.length = 0;
    await visit();
  });
  afterEach(() => {
    expect(errors).toEqual([]);
    expect(view.defects).toEqual([]);
  });

  const frames = (): Promise<string[]> => page.locator('tbody tr td:first-child').allTextContents();
  const explained = (name = 'fixed'): Promise<void> =>
    page.locator(`#${name}-caption:not(:empty)`).waitFor({ timeout: 20_000 });
  async function choose(frame: number): Promise<void> {
    await page.click(`tr[data-frame="${frame}"]`);
    await page.locator(`#name:has-text("Frame ${frame}:")`).waitFor();
    await explained();
  }
  /** Digest of what a canvas shows, once it stands still. */
  async function picture(id: string): Promise<string> {
    await page.evaluate('new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))');
    return page.evaluate<string>(`document.getElementById('${id}').toDataURL()`);
  }

  it('opens the first frame by itself; out of a filter the keys work at once', async () => {
    await page.locator('#name:has-text("Frame 0:")').waitFor();
    await page.focus('[name=decision]');
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.locator('#name:has-text("Frame 1:")').waitFor();
  });

  it('shows every column beside the frame on a screen of 1280 pixels', async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    const [right, edge] = await page.evaluate<[number, number]>(
      '[Math.max(...[...document.querySelectorAll("#table th")].map((th) => th.getBoundingClientRect().right)), document.querySelector(".scroll").getBoundingClientRect().right]',
    );
    await page.setViewportSize({ width: 1000, height: 700 });
    expect(right).toBeLessThanOrEqual(edge + 1);
  });

  it('filters and sorts the list', async () => {
    expect(await frames()).toEqual(['0', '1', '2', '3', '4', '5']);
    await page.selectOption('[name=decision]', 'vetoed');
    await expect.poll(frames).toEqual(['0', '1', '5']);
    await page.click('th button:has-text("Peaks")');
    await expect.poll(frames).toEqual(['1', '5', '0']);
    expect(await page.getAttribute('th:has-text("Peaks")', 'aria-sort')).toBe('descending');
    await page.click('th button:has-text("Peaks")');
    await expect.poll(frames).toEqual(['0', '5', '1']);
    await page.selectOption('[name=decision]', '');
    await page.selectOption('[name=flag]', 'float_disagrees');
    await expect.poll(frames).toEqual(['1']);
    await page.selectOption('[name=flag]', '');
    await page.check('[name=wrong]');
    await expect.poll(async () => (await frames()).sort()).toEqual(['1', '3']);
  });

  it('says a decision in words, with where the evidence lies', async () => {
    await choose(5);
    const sentence = await page.textContent('#sentence');
    expect(sentence).toContain('vetoed: score −80 under threshold 10, 90 levels (7 bits) away; 1 Bragg peak');
    expect(sentence).toMatch(/evidence (spread|in few places|around)|no evidence/);
  });

  it('shows the frame at true contrast, the evidence over it, peaks and rings', async () => {
    await choose(1);
    const whole = await picture('fixed');
    await page.fill('#opacity', '0');
    const bare = await picture('fixed');
    expect(bare).not.toBe(whole);
    await page.uncheck('#show-evidence');
    expect(await picture('fixed')).toBe(bare);
    await page.check('#show-rings');
    const ringed = await picture('fixed');
    expect(ringed).not.toBe(bare);
    await page.uncheck('#show-spots');
    await page.uncheck('#show-rings');
    const plain = await picture('fixed');
    await page.selectOption('#scale', 'linear');
    await expect.poll(() => picture('fixed')).not.toBe(plain);
    // The first row is masked; the pixel under the pointer is read with its resolution.
    await page.locator('#fixed').scrollIntoViewIfNeeded();
    const box = (await page.locator('#fixed').boundingBox())!;
    const side = Math.min(box.width / 36, box.height / 40);
    const at = (y: number, x: number): [number, number] => [
      box.x + box.width / 2 + (x + 0.5 - 18) * side,
      box.y + box.height / 2 + (y + 0.5 - 20) * side,
    ];
    await page.mouse.move(...at(0, 7));
    expect(await page.textContent('#readout')).toMatch(/^row 0, column 7: masked/);
    await page.mouse.move(...at(30, 9));
    expect(await page.textContent('#readout')).toMatch(/^row 30, column 9: \d+ ADU, \d+\.\d\d Å$/);
  });

  it('zooms and pans both pictures alike, with float beside fixed', async () => {
    await choose(1);
    await page.check('#show-float');
    await explained('float');
    expect(await page.textContent('#float-caption')).toContain('The float network: evidence for keeping');
    expect(await page.textContent('#fixed-caption')).toContain('The firmware’s arithmetic: evidence for vetoing'); // prettier-ignore
    const [fixed, float] = [await picture('fixed'), await picture('float')];
    await page.hover('#float');
    await page.mouse.wheel(0, -600);
    const zoomed = await picture('float');
    expect(zoomed).not.toBe(float);
    expect(await picture('fixed')).not.toBe(fixed);
    await page.keyboard.press('D');
    expect(await picture('float')).not.toBe(zoomed);
    await page.keyboard.press('0');
    expect([await picture('fixed'), await picture('float')]).toEqual([fixed, float]);
  });

  it('goes through the list by keys, in the order of the list', async () => {
    await page.click('th button:has-text("Score")');
    await expect.poll(frames).toEqual(['2', '3', '1', '0', '5', '4']);
    const name = (): Promise<string | null> => page.textContent('#name');
    await choose(2);
    for (const frame of ['3', '1']) {
      await page.keyboard.press('ArrowRight');
      await expect.poll(name).toContain(`Frame ${frame}:`);
    }
    await page.keyboard.press('k');
    await expect.poll(name).toContain('Frame 3:');
    expect(new URL(page.url()).hash).toBe('#3');
    expect(await page.getAttribute('tr[data-frame="3"]', 'aria-current')).toBe('true');
    // Without a mouse: the first stop is the skip link, and every control can be reached.
    await page.keyboard.press('?');
    expect(await page.textContent('#keys')).toContain('next frame');
    await page.keyboard.press('Escape');
  });

  it('saves a verdict in the ledger, and gives it out as a label', async () => {
    await choose(1);
    await page.fill('#note', HOSTILE);
    await page.click('[data-verdict=wrong]');
    await page.waitForSelector('#saved.good');
    expect(await view.ledger.database.select('SELECT * FROM verdicts')).toEqual([
      { frame: 1, verdict: 'wrong', note: HOSTILE, reviewed_at: NOW },
    ]);
    await choose(2);
    await page.keyboard.press('r');
    await page.waitForSelector('#saved.good');
    expect(await page.textContent('tr[data-frame="2"]')).toContain('right');
    const folder = mkdtempSync(join(tmpdir(), 'vetoc-labels-'));
    await exportLabels(view.ledger, join(folder, 'labels.csv'));
    expect(readFileSync(join(folder, 'labels.csv'), 'utf8')).toBe(
      'file,index,hit\n"night.h5",1,1\n"night.h5",2,1\n',
    );
    rmSync(folder, { recursive: true });
    await page.click('[data-verdict=right]');
    await expect.poll(async () => view.ledger.database.select('SELECT frame FROM verdicts')).toEqual([{ frame: 1 }]); // prettier-ignore
    await choose(1);
    expect(await page.inputValue('#note')).toBe(HOSTILE);
    expect(await page.getAttribute('[data-verdict=wrong]', 'aria-pressed')).toBe('true');
  });

  it('shows what files contain as text, never as markup', async () => {
    for (const frame of [0, 3, 4]) {
      await choose(frame);
      const text = (await page.textContent('body'))!;
      expect(text).toContain('<img src=x onerror=');
    }
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(await page.locator('img, body script').count()).toBe(0);
  });

  it('is readable in light and dark: text stands out by 4.5 to 1', async () => {
    await choose(1);
    await page.hover('#count');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const worst = await contrastOf(page);
      expect(worst.checked).toBeGreaterThan(40);
      expect(worst.ratio, worst.text).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('fits a phone: one thing at a time, nothing wider than the screen', async () => {
    await page.close();
    page = await newPage({ viewport: { width: 390, height: 844 }, hasTouch: true });
    await visit();
    const overflow = (): Promise<number> =>
      page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect(await overflow()).toBeLessThanOrEqual(0);
    expect(await page.isVisible('#frame')).toBe(false);
    await page.tap('tr[data-frame="2"] button');
    await explained();
    expect(await page.isVisible('#list')).toBe(false);
    await page.check('#show-float');
    await explained('float');
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.tap('#back');
    expect(await page.isVisible('#list')).toBe(true);
  });
});
