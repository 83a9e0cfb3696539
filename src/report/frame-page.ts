/** Why one frame was kept or vetoed, as a page: what is on it, the sentence, the pictures, then photons and arithmetic. */
import { html, type Html } from '../draw/html.js';
import { page, pictureFigure } from './page.js';

export interface FrameStory {
  readonly title: string;
  /** Null where nothing is alarming. */
  readonly alarm: string | null;
  readonly physics: readonly string[];
  readonly sentence: string;
  readonly photons: readonly string[];
  readonly arithmetic: readonly string[];
  readonly replays: readonly string[];
  readonly pictures: readonly { readonly caption: string; readonly png: Uint8Array }[];
}

const list = (lines: readonly string[]): Html => html`<ul>
  ${lines.map((line) => html`<li>${line}</li>`)}
</ul>`;

export function framePage(story: FrameStory): string {
  const { title, alarm, physics, sentence, photons, arithmetic, replays, pictures } = story;
  return page(
    title,
    html`<h1>${title}</h1>
      ${alarm === null ? '' : html`<p class="bad">${alarm}</p>`}
      <p class="lead">${sentence}</p>
      <h2>What is on the frame</h2>
      ${list(physics)}
      <h2>In photons</h2>
      ${list(photons)}
      <h2>Where the evidence is</h2>
      <p class="soft">
        Colour over the frame in grey: from none to the most in this frame; masked pixels have none. A map of a random control tells
        nothing: what looks like it tells nothing either.
      </p>
      <div class="pictures large">
        ${pictures.map(pictureFigure)}
      </div>
      <h2>In arithmetic</h2>
      ${list(arithmetic)} ${replays.length === 0 ? '' : list(replays)}`,
  );
}
