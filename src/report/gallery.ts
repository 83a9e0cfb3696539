/** Galleries per class and histograms of activations, as one self-contained page. */
import type { ActivationHistogram } from '../explain/activation-histogram.js';
import { lineChart, type Series } from '../draw/chart.js';
import { html, type Html } from '../draw/html.js';
import { page, pictureFigure } from './page.js';

export interface GalleryFrame {
  readonly caption: string;
  readonly png: Uint8Array;
}

export interface Gallery {
  readonly network: string;
  /** Layer and method of the maps. */
  readonly method: string;
  readonly layer: string;
  readonly classes: readonly { readonly name: string; readonly frames: readonly GalleryFrame[] }[];
  readonly histograms: readonly { readonly layer: string; readonly histogram: ActivationHistogram }[];
}

/** Logarithm of the share, with empty bins at the bottom: a few bright values matter beside many dark ones. */
const FLOOR = 1e-6;

function histogramChart(gallery: Gallery, layer: string, { edges, shares }: ActivationHistogram): Html {
  const series: Series[] = shares.map((bins, k) => ({
    name: gallery.classes[k]!.name,
    points: bins.map((share, i) => [edges[i]!, Math.log10(Math.max(FLOOR, share))] as const),
    dashed: k >= 4,
  }));
  return lineChart(series, {
    title: `Activations of ${layer}, by true class`,
    xLabel: 'activation',
    yLabel: 'log10 of the share of values',
  });
}

export function renderGallery(gallery: Gallery): string {
  const body = html`<h1>What ${gallery.network} looks at</h1>
    <p class="lead">
      Frames of each true class with the evidence for the decision taken: ${gallery.method} at ${gallery.layer}, on the
      firmware's own activations. Dark blue is no evidence, yellow the most in the frame.
    </p>
    ${gallery.classes.map(
      ({ name, frames }) =>
        html`<h2>${name}</h2>
          ${frames.length === 0 ? html`<p class="soft">No frame of this class.</p>` : html``}
          <div class="pictures">
            ${frames.map(pictureFigure)}
          </div>`,
    )}
    <h2>Activations</h2>
    <p class="soft">Shares of the values of a layer, all frames of a class together.</p>
    ${gallery.histograms.map(({ layer, histogram }) => histogramChart(gallery, layer, histogram))}`;
  return page(`Gallery of ${gallery.network}`, body);
}
