/** A self-contained page: no script, no font, no picture comes from elsewhere. */
import { html, type Html } from '../draw/html.js';
import { STYLE } from './style.js';

export function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"
        />
        <title>${title}</title>
        <style>
          ${{ html: STYLE }}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html> `.html;
}

/** A PNG inside the page. */
export const pngImage = (png: Uint8Array, alt: string): Html =>
  html`<img alt="${alt}" src="data:image/png;base64,${Buffer.from(png).toString('base64')}" />`;

/** A picture with its caption below. */
export const pictureFigure = ({
  png,
  caption,
}: {
  readonly png: Uint8Array;
  readonly caption: string;
}): Html =>
  html`<figure>
    ${pngImage(png, caption)}
    <figcaption>${caption}</figcaption>
  </figure>`;
