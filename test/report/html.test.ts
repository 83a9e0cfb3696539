import { describe, expect, it } from 'vitest';
import { lineChart, ticks } from '../../src/draw/chart.js';
import { html, htmlTable } from '../../src/draw/html.js';

describe('HTML of a report', () => {
  it('shows text from outside as text, never as markup', () => {
    const hostile = '<img src=x onerror="alert(1)"> & \'quotes\'';
    expect(html`<p title="${hostile}">${hostile}</p>`.html).toBe(
      '<p title="&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &#39;quotes&#39;">' +
        '&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &#39;quotes&#39;</p>',
    );
    expect(htmlTable([hostile], [[hostile]]).html).not.toContain('<img');
  });

  it('puts nested HTML in as it is, lists in order', () => {
    const items = [1, 2].map((n) => html`<li>${n}</li>`);
    expect(html`<ul>${items}</ul>`.html).toBe('<ul><li>1</li><li>2</li></ul>');
  });
});

describe('a table', () => {
  it('breaks long text into lines, and sets figures to the right', () => {
    const long = 'a remark that would push the other columns out of the page';
    const { html } = htmlTable(['figure', 'remark'], [['1,024', long]]);
    expect(html).toContain(`<td class="long">${long}</td>`);
    expect(html).toContain('<td class="number">1,024</td>');
  });
});

describe('a line chart', () => {
  it('has round ticks inside its range', () => {
    expect(ticks(0, 100)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(ticks(0.13, 0.57)).toEqual([0.2, 0.3, 0.4, 0.5]);
  });

  it('marks a dashed series in the legend as in the chart: colours come again after four', () => {
    const points = [
      [0, 0],
      [1, 1],
    ] as const;
    const series = Array.from({ length: 5 }, (_, i) => ({ name: `class ${i}`, points, dashed: i === 4 }));
    const { html } = lineChart(series, { title: 't', xLabel: 'x', yLabel: 'y' });
    expect(html).toContain('class="series s0 dashed"');
    expect(html).toContain('<span class="key s0"></span>class 0');
    expect(html).toContain('<span class="key s0 dashed"></span>class 4');
  });

  it('places points linearly and says when there is nothing to plot', () => {
    const chart = lineChart(
      [
        {
          name: 'a',
          points: [
            [0, 0],
            [10, 5],
          ],
        },
      ],
      { title: 't', xLabel: 'x', yLabel: 'y', xRange: [0, 10], yRange: [0, 10] },
    );
    expect(chart.html).toContain('points="90.0,288.0 612.0,152.0"');
    expect(lineChart([{ name: 'a', points: [] }], { title: 't', xLabel: 'x', yLabel: 'y' }).html).toContain(
      'nothing to plot',
    );
  });
});
