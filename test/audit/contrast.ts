/** The contrast of every visible text of a page with its ground (WCAG 2.2, contrast ratio). */
import type { Page } from 'playwright-core';

export interface Contrast {
  readonly checked: number;
  /** The smallest ratio, and whose it is. */
  readonly ratio: number;
  readonly text: string;
}

interface Pair {
  readonly ink: string;
  readonly ground: string;
  readonly text: string;
}

/** In the page: the colour of each text, and of the nearest ground that is painted behind it. */
const PAIRS = `[...document.querySelectorAll('body *:not(option, select)')]
  .filter((element) => element.checkVisibility() && !element.matches(':disabled'))
  .filter((element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.nodeValue.trim() !== ''))
  .map((element) => {
    let under = element;
    while (getComputedStyle(under).backgroundColor === 'rgba(0, 0, 0, 0)') under = under.parentElement;
    const [ink, ground] = [getComputedStyle(element).color, getComputedStyle(under).backgroundColor];
    return { ink, ground, text: element.textContent.slice(0, 40) };
  })`;

function luminance(colour: string): number {
  const channels = colour.match(/[\d.]+/g)!.slice(0, 3).map((part) => Number(part) / 255); // prettier-ignore
  const [r, g, b] = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

export async function contrastOf(page: Page): Promise<Contrast> {
  const all = (await page.evaluate<Pair[]>(PAIRS)).map(({ ink, ground, text }) => {
    const [dark, bright] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
    return { ratio: (bright! + 0.05) / (dark! + 0.05), text: `${text}: ${ink} on ${ground}` };
  });
  return { checked: all.length, ...all.reduce((a, b) => (b.ratio < a.ratio ? b : a)) };
}
