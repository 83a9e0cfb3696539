/** The live page in a browser: Debian's Chromium, driven by playwright-core. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSession, type LiveSession } from '../../src/live/session.js';
import type { LiveSink } from '../../src/live/sinks/sink.js';
import { serveLivePage } from '../../src/live/view/serve.js';
import { createWatch, type LiveState } from '../../src/live/view/watch.js';
import type { ViewServer } from '../../src/audit/view/serve.js';
import { imageMessage, startMessageOf } from './emulator.js';
import { defined, emulated, frames, graph, networksOf, open, series, SETTINGS } from './one-session.js';

const CHROMIUM = '/usr/bin/chromium';
const missing =
  existsSync(CHROMIUM) || process.env['CI'] === 'true' ? null : `no ${CHROMIUM}: install chromium`;

describe.skipIf(missing !== null)(`the live page${missing === null ? '' : ` (${missing})`}`, () => {
  let browser: Browser;
  let server: ViewServer;
  let session: LiveSession;
  let done: Promise<unknown>;
  let state: (after: number) => LiveState;
  const defects: unknown[] = [];
  const mine: { close(): unknown }[] = [];

  beforeAll(async () => {
    const { emulator, source } = await emulated();
    // They outlive each single test.
    mine.push(...open.splice(0));
    const watch = createWatch();
    let offered = 0;
    const full: LiveSink = {
      name: 'kept.cxi',
      deliver: () => (++offered === 30 ? Promise.reject(new Error('no space left')) : Promise.resolve()),
      close: () => Promise.resolve(),
    };
    session = createSession(
      source,
      networksOf(graph),
      [watch.sink, full],
      { ...SETTINGS, series: 9 },
      (event) => {
        watch.event(event);
      },
    );
    state = (after) => watch.state(session, after);
    done = session.run();
    await emulator.send([startMessageOf(series), ...frames.map((_, i) => imageMessage(series, i))]);
    while (session.figures().frames < frames.length) await new Promise((resolve) => setTimeout(resolve, 20));
    await emulator.send([imageMessage(series, 45)]);
    while (session.figures().missing < 5) await new Promise((resolve) => setTimeout(resolve, 20));
    server = await serveLivePage(state, 0, (error) => defects.push(error));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    session.stop();
    await done;
    for (const one of mine) await one.close();
  });

  it('is shut to who has not the address that was printed', async () => {
    const { origin } = new URL(server.url);
    expect((await fetch(`${origin}/api/live`)).status).toBe(401);
    expect(await (await fetch(origin)).text()).toContain('This page is locked');
  });

  it.each([1280, 400])('shows decisions, peaks, rates and alarms at %i pixels', async (width) => {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => errors.push(message.text()));
    await page.goto(server.url);
    await page.waitForSelector('#frames li');
    expect(await page.textContent('#state')).toBe('a series runs');
    const kept = (await defined()).filter(({ keep }) => keep).length;
    const figures = (await page.locator('#figures').textContent())!;
    expect(figures).toContain('Frames41');
    expect(figures).toMatch(new RegExp(`Kept(${kept}|${kept + 1}) `));
    expect(await page.textContent('#alarms')).toContain('5 frames never came');
    expect(await page.textContent('#frames li strong')).toMatch(/kept|vetoed/);
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(wide).toBeLessThanOrEqual(width);
    if (process.env['VETOC_SHOTS'] !== undefined)
      await page.screenshot({ path: `${process.env['VETOC_SHOTS']}/live-${width}.png`, fullPage: true });
    expect(errors).toEqual([]);
    await context.close();
  });

  it('tells each frame once', () => {
    const all = state(0).frames;
    expect(all.length).toBeGreaterThan(0);
    expect(state(all.at(-1)!.id).frames).toEqual([]);
    expect(defects).toEqual([]);
  });
});
