/** The audit as one self-contained page without scripts: everything that files contain is text in it. */
import { drawCircle, greyPicture, pngBytes, type Picture } from '../draw/picture.js';
import type { Frame } from '../data/frames.js';
import { lineChart } from '../draw/chart.js';
import { html, htmlTable, type Html } from '../draw/html.js';
import { page, pngImage } from '../report/page.js';
import type { Estimate } from '../statistics/estimate.js';
import { FLAG_NAMES, FLAG_WORDS, type FlagName } from './flags.js';
import { frameRowOf, type Ledger } from './ledger.js';
import type { FrameRow } from './rows.js';
import type { AuditSummary } from './summary.js';
import type { MeteredNight, OpenInterval } from './meter.js';
import { describeDecision, describeMetered, signed } from './words.js';

/** Middle of a spot, in pixels of the frame. */
interface SpotPlace {
  readonly y: number;
  readonly x: number;
}

export interface ReportOptions {
  readonly summary: AuditSummary;
  /** Reads an audited frame; null where it cannot be read any more. */
  readonly read: (frame: number) => Promise<Frame | null>;
  /** The spots that the second opinion sees in a frame. */
  readonly spots: (index: number, frame: Frame) => readonly SpotPlace[];
  /** Pictures for each flag. */
  readonly pictures: number;
}

const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;
const range = ({ value, low, high }: Estimate, digits = 0): string =>
  Number.isNaN(value)
    ? 'cannot be estimated'
    : `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;

const scaled = ({ value, low, high }: Estimate, by: number): Estimate => ({
  value: by * value,
  low: by * low,
  high: by * high,
});

/** The page as HTML text. */
export async function renderAuditReport(ledger: Ledger, options: ReportOptions): Promise<string> {
  const { summary } = options;
  const sections: Html[] = [];
  for (const name of FLAG_NAMES) sections.push(await flagSection(ledger, name, options));
  const body = html`<h1>Audit of ${summary.network}</h1>
    <p class="lead">
      What the veto did to ${summary.audited} frames${summary.finished ? '' : html` (of ${summary.frames}: unfinished)`},
      and where it may have been wrong.
    </p>
    ${tiles(summary)}
    <h2>Hits lost</h2>
    ${lostSection(summary)}
    <h2>Decisions and the second opinion</h2>
    ${opinionTable(summary)}
    <h2>Score over the run</h2>
    ${await scoreChart(ledger, summary)}
    <h2>What to look at</h2>
    ${sections}
    <h2>The audit</h2>
    ${factTable(ledger, summary)}`;
  return page(`Audit of ${summary.network}`, body);
}

function tiles({ audited, vetoed, lostHits, flags, limits }: AuditSummary): Html {
  const lost = lostHits === null ? '–' : range(lostHits.lost);
  return html`<div class="tiles">
    <div class="tile"><b>${audited}</b>frames audited</div>
    <div class="tile"><b>${percent(audited === 0 ? 0 : vetoed / audited, 1)}</b>vetoed</div>
    <div class="tile"><b>${lost}</b>hits lost, estimated (95 %)</div>
    <div class="tile"><b>${flags.vetoed_with_peaks}</b>vetoed with ${limits.spotThreshold} peaks or more</div>
  </div>`;
}

/** The row of the kept misses. */
function meteredRow({ lost, lostShare, keptMisses, misses, settings, unjudgedAmongThem }: MeteredNight): Row {
  const interval = ({ value, low, high }: OpenInterval, digits: number): string =>
    `${value === null ? '' : `${value.toFixed(digits)} `}(${low.toFixed(digits)} to ${high.toFixed(digits)})`;
  const share = { ...lostShare, value: lostShare.value === null ? null : 100 * lostShare.value };
  return [
    'misses that the prescale kept',
    interval(lost, 0),
    interval({ ...share, low: 100 * share.low, high: 100 * share.high }, 2),
    `${keptMisses} of ${misses} misses, one in ${settings.n} by a hash of the frame number; exact, whatever drifts${
      unjudgedAmongThem === 0 ? '' : `; ${unjudgedAmongThem} of them are not judged yet and may be either`
    }`,
  ];
}

/** The alarm, or that there is none. */
function meteredWords(night: MeteredNight | null): Html {
  if (night === null) return html``;
  const words = describeMetered(night);
  return night.verdict === 'beyond'
    ? html`<p role="alert"><b>Alarm.</b> ${words}.</p>`
    : html`<p>${words.charAt(0).toUpperCase()}${words.slice(1)}.</p>`;
}

type Row = readonly (string | number | Html)[];

function lostSection({ lostHits, metered, reviewed, truth, indexable, reference }: AuditSummary): Html {
  const rows: Row[] = metered === null ? [] : [meteredRow(metered)];
  if (lostHits !== null) {
    const { accuracy } = reference;
    const hits = accuracy!.truePositives + accuracy!.falseNegatives;
    const misses = accuracy!.trueNegatives + accuracy!.falsePositives;
    rows.push([
      'second opinion',
      range(lostHits.lost),
      range(scaled(lostHits.lostShare, 100), 2),
      html`<span class="wrap"
        >finder right on ${accuracy!.truePositives} of ${hits} hits and ${accuracy!.trueNegatives} of ${misses}
        misses of the reference; assumes that it errs on vetoed frames as on others</span
      >`,
    ]);
  }
  if (reviewed !== null)
    rows.push([
      'reviewed sample',
      range(reviewed),
      '–',
      'verdicts on the review sample; assumes nothing else',
    ]);
  if (truth !== null)
    rows.push([
      'labels of the frames',
      truth.hitsLost,
      truth.hits === 0 ? '–' : ((100 * truth.hitsLost) / truth.hits).toFixed(2),
      `${truth.hits} labelled hits; ${truth.missesKept} of ${truth.misses} misses kept`,
    ]);
  if (indexable !== null)
    rows.push([
      'patterns that can be indexed',
      indexable.count,
      indexable.total === 0 ? '–' : range(scaled(indexable, 100), 2),
      `${indexable.total} frames in which an indexing program found a lattice`,
    ]);
  if (rows.length === 0)
    return html`<p>No labelled reference frames, no verdicts and no prescale: the number of lost hits cannot be estimated.</p>`;
  return html`${meteredWords(metered)}${htmlTable(['estimate from', 'hits lost', '% of all hits', 'rests on'], rows)}
    <p class="soft">
      Brackets: 95 % interval. Hits too weak for both the network and the finder are seen by a human only: review the
      sample with <code>vetoc audit view</code>.
    </p>`;
}

function opinionTable({ kept, vetoed, opinion, limits }: AuditSummary): Html {
  const rows = [
    ['kept', opinion.keptPositive, kept - opinion.keptPositive, kept],
    ['vetoed', opinion.vetoedPositive, vetoed - opinion.vetoedPositive, vetoed],
  ];
  return htmlTable(['', `${limits.spotThreshold} spots or more`, 'fewer spots', 'all'], rows);
}

async function scoreChart(ledger: Ledger, summary: AuditSummary): Promise<Html> {
  const rows = await ledger.database.select(
    'SELECT first_frame, median_score, drifted FROM windows WHERE median_score IS NOT NULL ORDER BY first_frame',
  );
  const points = rows.map((row) => [row['first_frame'] as number, row['median_score'] as number] as const);
  if (points.length < 2) return html`<p>Too few frames for a course over the run.</p>`;
  const drifted = rows.filter((row) => row['drifted'] === true).length;
  const ends = [points[0]![0], points.at(-1)![0]] as const;
  return html`${lineChart(
    [
      { name: 'median score of a window', points },
      { name: 'threshold', points: ends.map((x) => [x, summary.threshold] as const), dashed: true },
    ],
    { title: 'Score over the run', xLabel: 'frame', yLabel: 'score (levels)' },
  )}
    <p class="soft">${drifted} of ${rows.length} windows stand away from the usual level.</p>`;
}

/** What each flag is ordered by: the frames to look at first. */
const URGENCY: Readonly<Record<FlagName, string>> = {
  vetoed_with_peaks: 'spots DESC',
  float_disagrees: 'abs(float_score - score) DESC',
  near_threshold: 'abs(margin)',
  unlike_training: 'distance DESC',
  drift: 'frame',
  malformed: 'frame',
};

async function flagSection(ledger: Ledger, name: FlagName, options: ReportOptions): Promise<Html> {
  const { title, help } = FLAG_WORDS[name];
  const count = options.summary.flags[name];
  if (count === 0) return html`<h3>${title}: none</h3>`;
  const rows = await ledger.database.select(
    `SELECT * FROM frames WHERE ${name} ORDER BY ${URGENCY[name]}, frame LIMIT ${options.pictures}`,
  );
  const figures: Html[] = [];
  for (const row of rows.map(frameRowOf)) figures.push(await figure(row, options));
  return html`<h3>${title}: ${count}</h3>
    <p class="soft">${help}</p>
    <div class="pictures">${figures}</div>`;
}

const THUMBNAIL = 256;

async function figure(row: FrameRow, { read, spots, summary }: ReportOptions): Promise<Html> {
  const frame = await read(row.frame);
  const name = `frame ${row.frame}: ${row.file} # ${row.fileIndex}`;
  const image =
    frame === null
      ? html`<p class="soft">(no picture: the frame cannot be read)</p>`
      : pngImage(pngBytes(thumbnail(frame, spots(row.frame, frame))), name);
  return html`<figure>
    ${image}
    <figcaption>${name}. ${describeDecision(row, summary.threshold)}.</figcaption>
  </figure>`;
}

const GREEN = [61, 245, 107] as const;

/** The frame shrunk by the brightest pixel of each block, so that single-pixel peaks stay, with its spots in circles. */
function thumbnail({ pixels, mask, height, width }: Frame, spots: readonly SpotPlace[]): Picture {
  const factor = Math.max(1, Math.ceil(Math.max(height, width) / THUMBNAIL));
  const [h, w] = [Math.floor(height / factor), Math.floor(width / factor)];
  const small = new Uint16Array(h * w);
  const live = new Uint8Array(h * w);
  for (let y = 0; y < h * factor; y++)
    for (let x = 0; x < w * factor; x++) {
      const from = y * width + x;
      if (mask !== null && mask[from] === 0) continue;
      const to = Math.floor(y / factor) * w + Math.floor(x / factor);
      live[to] = 1;
      small[to] = Math.max(small[to]!, pixels[from]!);
    }
  const picture = greyPicture(small, h, w, { mask: live });
  for (const { y, x } of spots)
    drawCircle(picture, (y + 0.5) / factor - 0.5, (x + 0.5) / factor - 0.5, 5, GREEN);
  return picture;
}

function factTable({ identity, path }: Ledger, { limits, reference, verdicts }: AuditSummary): Html {
  const parameters = identity.finderParameters.join(' ');
  return htmlTable(
    ['', ''],
    [
      ['ledger', path],
      ['run', identity.run],
      ['network', `${identity.network} ${identity.networkDigest}`],
      [
        'frames',
        `${identity.frames.join(' ') || identity.framesDigest} (${identity.count} of ${identity.height}×${identity.width})`,
      ],
      ['threshold', signed(identity.threshold)],
      ['second opinion', `${identity.finder} ${parameters}`.trim()],
      ['a classical hit', `${limits.spotThreshold} spots or more`],
      ['near the threshold', `${limits.nearLevels} levels or less`],
      [
        'unlike training',
        limits.distanceLimit === null ? 'not measured' : `distance above ${limits.distanceLimit.toFixed(2)}`,
      ],
      ['reference', reference.frames === 0 ? 'none' : `${reference.frames} training frames`],
      ['verdicts', `${verdicts.right} right, ${verdicts.wrong} wrong, ${verdicts.unsure} unsure`],
    ],
  );
}
