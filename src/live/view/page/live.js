// @ts-check
/** What a live session does, asked for every two seconds. */

/**
 * @typedef {{ id: number, series: string, number: number | null, keep: boolean, reason: string, score: number | null,
 *   peaks: [number, number][], height: number, width: number, rows: number, columns: number, grey: string }} SeenFrame
 * @typedef {{ count: number, total: number, value: number, low: number, high: number }} Share
 * @typedef {{ running: boolean, waiting: number, waitingBytes: number, rate: number, alarms: string[],
 *   figures: { frames: number, kept: number, missing: number, repeated: number, shadowDiffers: number,
 *     byReason: Record<string, number>, latencyMs: { median: number, p99: number, p999: number } | null },
 *   seconds: { at: number, frames: number, hits: number, undecided: number }[],
 *   windows: { median: number | null, drifted: boolean }[], vetoedWithPeaks: Share | null,
 *   lost: { value: number, low: number, high: number } | null, frames: SeenFrame[] }} State
 */

const EVERY_MS = 2000;
/** Seconds that one point of the hit rate joins. */
const JOINED = 10;
const SPAN = 600;
const MOST_PICTURES = 12;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} tag @param {...(Node | string)} children */
function make(tag, ...children) {
  const element = document.createElement(tag);
  // Strings become text nodes: what a stream calls itself is never read as HTML.
  element.append(...children);
  return element;
}

/** @param {string} tag @param {Record<string, string>} attributes */
function draw(tag, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;

/** @param {State} state */
function showFigures({ figures, rate, waiting, waitingBytes }) {
  const { latencyMs: late, byReason } = figures;
  const undecided = ['malformed', 'late', 'unfit', 'full', 'dropped']
    .filter((reason) => byReason[reason] > 0)
    .map((reason) => `${byReason[reason]} ${reason}`);
  /** @type {[string, string][]} */
  const all = [
    ['Frames', String(figures.frames)],
    ['Frames a second', rate.toFixed(1)],
    ['Kept', `${figures.kept} (${percent(figures.kept / Math.max(1, figures.frames))})`],
    ['Not decided', undecided.join(', ') || '0'],
    ['Never came', String(figures.missing)],
    ['Came again', String(figures.repeated)],
    ['Waiting', `${waiting} (${(waitingBytes / 1e6).toFixed(1)} MB)`],
    ['Receipt to decision', late === null ? '–' : `${late.median.toFixed(1)} ms`],
    ['99 %, 99.9 %', late === null ? '–' : `${late.p99.toFixed(1)}, ${late.p999.toFixed(1)} ms`],
    ['Second network differs', String(figures.shadowDiffers)],
  ];
  byId('figures').replaceChildren(
    ...all.map(([name, value]) => make('div', make('dt', name), make('dd', value))),
  );
}

/** @param {State} state */
function showRate({ seconds }) {
  const chart = byId('rate');
  const [width, height] = [600, 140];
  const last = seconds.at(-1)?.at ?? 0;
  /** @type {Map<number, { frames: number, hits: number }>} */
  const points = new Map();
  for (const { at, frames, hits } of seconds) {
    const point = points.get(Math.floor(at / JOINED)) ?? { frames: 0, hits: 0 };
    points.set(Math.floor(at / JOINED), { frames: point.frames + frames, hits: point.hits + hits });
  }
  const rates = [...points].map(([at, { frames, hits }]) => ({ at: at * JOINED, rate: hits / frames }));
  const most = Math.max(0.01, ...rates.map(({ rate }) => rate));
  const places = rates.map(
    ({ at, rate }) =>
      `${(width * (1 - (last - at) / SPAN)).toFixed(1)},${(height - 10 - (rate / most) * (height - 20)).toFixed(1)}`,
  );
  chart.replaceChildren(draw('polyline', { class: 'curve', points: places.join(' ') }));
  byId('rate-words').textContent =
    rates.length === 0
      ? 'no frame yet'
      : `now ${percent(rates[rates.length - 1].rate)} of the frames reach the threshold; the top of the chart is ${percent(most)}`;
}

/** @param {State} state */
function showDrift({ windows }) {
  const [width, height] = [600, 100];
  const known = windows.flatMap(({ median, drifted }, i) =>
    median === null ? [] : [{ median, drifted, i }],
  );
  const values = known.map(({ median }) => median);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const place = (/** @type {{ median: number, i: number }} */ { median, i }) =>
    /** @type {const} */ ([
      (width * (i + 0.5)) / windows.length,
      height - 10 - ((median - low) / Math.max(1, high - low)) * (height - 20),
    ]);
  byId('drift').replaceChildren(
    draw('polyline', { class: 'curve', points: known.map((one) => place(one).join(',')).join(' ') }),
    ...known
      .filter(({ drifted }) => drifted)
      .map((one) =>
        draw('circle', { class: 'drifted', r: '4', cx: String(place(one)[0]), cy: String(place(one)[1]) }),
      ),
  );
  const drifted = known.filter((one) => one.drifted).length;
  byId('drift-words').textContent =
    known.length < 8
      ? 'too few frames yet to speak of drift'
      : `${low} to ${high} levels; ${drifted === 0 ? 'no window has drifted' : `${drifted} of ${known.length} windows have drifted`}`;
}

/** @param {State} state */
function showLoss({ vetoedWithPeaks: share, lost }) {
  byId('loss').textContent =
    share === null || lost === null
      ? 'No vetoed frame was looked at yet.'
      : `Of ${share.total} vetoed frames that were looked at, ${share.count} show peaks: ${percent(share.value)} ` +
        `[${percent(share.low)}, ${percent(share.high)}] of all that are vetoed. If those were hits, and all that are kept are, ` +
        `${percent(lost.value)} [${percent(lost.low)}, ${percent(lost.high)}] of the hits are lost. A spot finder errs, too.`;
}

/** @param {SeenFrame} frame */
function cardOf({ series, number, keep, reason, score, peaks, height, rows, columns, grey }) {
  const canvas = document.createElement('canvas');
  const zoom = 2;
  [canvas.width, canvas.height] = [zoom * columns, zoom * rows];
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `frame ${number ?? 'without number'}, ${peaks.length} peaks`);
  const image = new ImageData(columns, rows);
  const levels = Uint8Array.from(atob(grey), (c) => c.charCodeAt(0));
  levels.forEach((level, i) => image.data.set([level, level, level, 255], 4 * i));
  const small = new OffscreenCanvas(columns, rows);
  /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext('2d')).putImageData(image, 0, 0);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  const block = Math.ceil(height / rows);
  context.strokeStyle = '#3df56b';
  context.lineWidth = 1.5;
  for (const [y, x] of peaks) {
    context.beginPath();
    context.arc((zoom * (x + 0.5)) / block, (zoom * (y + 0.5)) / block, 6, 0, 2 * Math.PI);
    context.stroke();
  }
  const why = reason === 'score' ? '' : `, ${reason}`;
  const card = make(
    'li',
    canvas,
    make('strong', keep ? 'kept' : 'vetoed'),
    make(
      'span',
      `${why} · ${series} #${number ?? '–'} · score ${score ?? '–'} · ${peaks.length} ${peaks.length === 1 ? 'peak' : 'peaks'}`,
    ),
  );
  card.className = keep ? 'kept' : 'vetoed';
  return card;
}

let newest = 0;

async function renew() {
  const state = byId('state');
  try {
    const response = await fetch(`/api/live?after=${newest}`);
    const told = await response.json();
    if (!response.ok) throw new Error(told.why);
    /** @type {State} */
    const live = told;
    state.textContent = live.running ? 'a series runs' : 'no series runs';
    const alarms = byId('alarms');
    alarms.hidden = live.alarms.length === 0;
    alarms.replaceChildren(...live.alarms.map((words) => make('li', words)));
    showFigures(live);
    showRate(live);
    showDrift(live);
    showLoss(live);
    const list = byId('frames');
    for (const frame of live.frames) {
      list.prepend(cardOf(frame));
      newest = Math.max(newest, frame.id);
    }
    while (list.children.length > MOST_PICTURES) list.lastElementChild?.remove();
  } catch (error) {
    state.textContent = `vetoc does not answer (${error instanceof Error ? error.message : error}); trying on`;
  }
  setTimeout(renew, EVERY_MS);
}

void renew();
