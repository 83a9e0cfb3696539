/** The report of a run: the threshold leads, few frames are seen to be few, labels do not run into each other. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { barChart, countTicks, writtenEdges } from '../../src/draw/bar-chart.js';
import { evaluationSection } from '../../src/report/evaluation.js';
import { networkDrawing, rowsOf } from '../../src/report/network-drawing.js';
import { page } from '../../src/report/page.js';
import { durationText } from '../../src/report/run-facts.js';
import { spreadChart, spreadQuantiles } from '../../src/report/value-spread.js';
import { evaluate } from '../../src/statistics/metrics.js';
import { framesKept, pointKeeping, vetoCurve } from '../../src/statistics/veto-curve.js';
import { html } from '../../src/draw/html.js';
import { evaluationTable } from '../../src/text/index.js';

const hitClasses = [false, true];
/** Two misses and three hits; the float threshold keeps all, the fixed one loses a hit and a miss. */
const scores = { float: [-4, 1, 0, 3, 5], fixed: [-4, 2, 1, 4, 5] };
const labels = [0, 0, 1, 1, 1];
const named = (name: 'float' | 'fixed', threshold: number) => ({
  name,
  evaluation: evaluate({
    logits: scores[name].map((score) => [0, score]),
    labels,
    hitClasses,
    threshold,
  }),
  grouped: [],
});
const evaluations = [named('float', -10), named('fixed', 2)];
const text = (page: string): string =>
  page
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ');

describe('what a report says of losses', () => {
  const section = text(evaluationSection(evaluations, ['miss', 'hit']).html);

  it('leads with the threshold, and names the largest logit where its accuracy stands', () => {
    const [threshold, largest] = [
      section.indexOf('at the threshold'),
      section.indexOf('by the largest logit'),
    ];
    expect(threshold).toBeGreaterThanOrEqual(0);
    expect(largest).toBeGreaterThan(threshold);
    expect(section).toMatch(/fixed 3 of 5 1\/3 \(6\.1–79\.2\) 50\.0 % \(9\.5–90\.5\) 60\.0 %/);
  });

  it('holds float against fixed at the same number of frames kept', () => {
    // The three highest float scores: 5 and 3 of hits, 1 of a miss.
    expect(section).toMatch(/float, keeping as many frames as fixed 3 of 5 1\/3 .*50\.0 %/);
    const { curve } = evaluations[0]!.evaluation;
    expect(framesKept(pointKeeping(curve, 3))).toBe(3);
    expect(framesKept(pointKeeping(curve, 0))).toBe(0);
    expect(framesKept(pointKeeping(curve, 99))).toBe(5);
    // Where scores are alike there is no such point: the next that keeps more.
    expect(framesKept(pointKeeping(vetoCurve([1, 1, 2, 2], [false, true, true, true]), 3))).toBe(4);
  });

  it('greys shares of hits that so few cannot carry, with the number that it takes', () => {
    const { html } = evaluationSection(evaluations, ['miss', 'hit']);
    for (const needed of ['299', '598', '2,995'])
      expect(html).toMatch(new RegExp(`class="thin">[^<]*<br /><small>takes ${needed} hits; here are 3`));
    expect(evaluationTable(evaluations)).toContain(
      '3 hits are too few to be sure of that share: 99.0 % takes 299 hits, 99.5 % takes 598 hits, 99.9 % takes 2,995 hits',
    );
    expect(evaluationTable(evaluations)).toMatch(
      /^network +frames +hits lost +misses kept +accuracy .*largest logit: hit\/miss/,
    );
    const many = Array.from({ length: 3000 }, (_, i) => [0, i]);
    const carried = evaluate({ logits: many, labels: many.map(() => 1), hitClasses, threshold: 0 });
    expect(
      evaluationSection([{ name: 'fixed', evaluation: carried, grouped: [] }], ['miss', 'hit']).html,
    ).not.toContain('class="thin"');
  });
});

describe('a histogram', () => {
  it('has round counts on its axis and every edge of a bin, of which a few are written', () => {
    expect(countTicks(74)).toEqual([12, 50]);
    expect(countTicks(1)).toEqual([1]);
    expect(writtenEdges(12)).toEqual([0, 3, 6, 8, 11]);
    const bins = [0, 1, 2].map((k) => ({ from: k, to: k + 1, count: 3 * k }));
    const { html } = barChart(bins, { title: 'title', xLabel: 'x' });
    expect(html.match(/class="edge"/g)).toHaveLength(4);
    expect(html.replace(/\s+/g, ' ')).toContain('<title>2 to 3: 6</title>');
    expect(html).not.toContain('class="range"');
  });

  it('draws the range that a format stands for behind its bars, as far as they reach', () => {
    const bins = [0, 1, 2, 3].map((k) => ({ from: k - 2, to: k - 1, count: k }));
    const drawn = (from: number, to: number) =>
      /class="range" x="(.*?)" y="16" width="(.*?)"/
        .exec(barChart(bins, { title: 't', xLabel: 'x', range: { from, to, says: 'the step' } }).html)
        ?.slice(1)
        .map(Number);
    // 133 units of the picture are one of the axis, which begins at 84.
    expect(drawn(-0.5, 0.5)).toEqual([283.5, 133]);
    expect(drawn(-9, 0)).toEqual([84, 266]);
    expect(drawn(0, 1e-6)).toEqual([350, 3]);
    expect(drawn(3, 4)).toBeUndefined();
  });
});

describe('the spread of values', () => {
  it('counts binary exponents: the median of 1, 2, 4 and 0 is 2', () => {
    const magnitudes = new Float64Array(256);
    for (const e of [-127, 0, 1, 2]) magnitudes[e + 127]! += 1;
    expect(spreadQuantiles(magnitudes)).toEqual([0, 0, 1, 2, 3]);
    expect(spreadQuantiles(new Float64Array(256))).toBeNull();
  });
});

const stage = (name: string, inputs: readonly string[]) => ({
  name,
  inputs,
  kind: 'globalMaxPool',
  shape: '512 × 512 × 1',
  weights: 123_456,
  weightBits: 8,
  format: 'ap_ufixed<16,10,AP_RND_CONV,AP_SAT>',
});
const stages = [
  stage('input', []),
  stage('left', ['input']),
  stage('right', ['input']),
  stage('third', ['input']),
  stage('joined', ['left', 'right', 'third']),
];

it('draws a stage below all of its inputs', () => {
  expect([...rowsOf(stages).values()]).toEqual([0, 1, 1, 1, 2]);
});

it('says how long a stage took as people do', () => {
  expect([4.23, 125, 3725].map(durationText)).toEqual(['4.2 s', '2 min 5 s', '1 h 2 min']);
});

interface LabelFaults {
  readonly texts: number;
  readonly faults: readonly string[];
  readonly wide: number;
}

const CHROMIUM = '/usr/bin/chromium';
const missing =
  existsSync(CHROMIUM) || process.env['CI'] === 'true' ? null : `no ${CHROMIUM}: install chromium`;

describe.skipIf(missing !== null)(`charts in a browser${missing === null ? '' : ` (${missing})`}`, () => {
  const bins = Array.from({ length: 11 }, (_, k) => ({
    from: -1234.5 + k,
    to: -1233.5 + k,
    count: 1000 * k,
  }));
  const spread = { quantiles: [-20, -4, -2, 0, 3], zeros: 0.4, format: [-5, 3] } as const;
  const body = html`${evaluationSection(evaluations, ['miss', 'hit'])} ${barChart(bins, { title: 'bars', xLabel: 'levels', range: { from: -1230, to: -1229, says: 'the step' } })}
    ${networkDrawing(stages)} ${spreadChart([{ id: 'conv1', spread }])}`;

  it.each([400, 1280])('keep their labels apart and inside at %i pixels', async (width) => {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    try {
      const shown = await browser.newPage({ viewport: { width, height: 900 } });
      await shown.setContent(page('test', body));
      const { texts, faults, wide } = await shown.evaluate<LabelFaults>(LABEL_FAULTS);
      expect(texts).toBeGreaterThan(50);
      expect(faults).toEqual([]);
      expect(wide).toBeLessThanOrEqual(width);
    } finally {
      await browser.close();
    }
  });
});

/** In the page: pairs of labels that overlap, and labels that leave their chart. */
const LABEL_FAULTS = `(() => {
  const faults = [];
  let texts = 0;
  for (const svg of document.querySelectorAll('svg')) {
    const box = svg.getBoundingClientRect();
    const labels = [...svg.querySelectorAll('text')].map((e) => ({ name: e.textContent.trim(), at: e.getBoundingClientRect() }));
    texts += labels.length;
    labels.forEach(({ name, at: a }, i) => {
      if (a.left < box.left - 1 || a.right > box.right + 1) faults.push(name + ' leaves its chart');
      for (const { name: other, at: b } of labels.slice(i + 1))
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
          faults.push(name + ' and ' + other);
    });
  }
  return { texts, faults, wide: document.documentElement.scrollWidth };
})()`;
