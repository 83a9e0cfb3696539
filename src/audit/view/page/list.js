// @ts-check
/** The list: filters, order, pages, and the frame before and after the one that is shown. */
import { readList } from './api.js';
import { byId, figure, make } from './dom.js';

/** @typedef {import('./api.js').Row} Row */

const PAGE = 100;

/** @type {{ sort: string | null, title: string, number: boolean, text: (row: Row) => string }[]} */
const COLUMNS = [
  { sort: null, title: 'Decision', number: false, text: (r) => (r.keep ? 'kept' : 'vetoed') },
  { sort: 'score', title: 'Score', number: true, text: (r) => figure(r.score) },
  { sort: 'margin', title: 'Margin', number: true, text: (r) => figure(r.margin) },
  { sort: 'float', title: 'Float', number: true, text: (r) => figure(r.floatScore) },
  { sort: 'spots', title: 'Peaks', number: true, text: (r) => figure(r.spots) },
  { sort: 'snr', title: 'Best σ', number: true, text: (r) => figure(r.strongestSnr, 1) },
  { sort: 'resolution', title: 'Reach', number: true, text: (r) => reach(r) },
  { sort: 'distance', title: 'Unlike', number: true, text: (r) => figure(r.distance, 2) },
  { sort: 'flags', title: 'Flags', number: true, text: (r) => figure(r.flags.length) },
  { sort: null, title: 'Verdict', number: false, text: (r) => r.verdict ?? '' },
  { sort: null, title: 'File', number: false, text: (r) => `${r.file} # ${r.fileIndex}` },
];

/** @param {Row} row */
const reach = ({ resolutionA, resolutionRadius }) =>
  resolutionA !== null
    ? `${figure(resolutionA, 1)} Å`
    : resolutionRadius !== null
      ? `${figure(resolutionRadius)} px`
      : '–';

/**
 * @param {import('./api.js').Audit} audit
 * @param {(frame: number) => void} choose
 */
export function createList(audit, choose) {
  const form = byId('filters', 'form');
  const body = /** @type {HTMLElement} */ (document.querySelector('#table tbody'));
  let order = { sort: 'frame', order: 'asc' };
  let offset = 0;
  let total = 0;
  /** @type {Row[]} */
  let rows = [];
  /** @type {number | null} */
  let chosen = null;
  let latest = 0;

  const flags = /** @type {HTMLSelectElement} */ (form.elements.namedItem('flag'));
  flags.append(make('option', { value: '' }, 'all frames'), make('option', { value: 'any' }, 'any flag'));
  for (const { name, title, help, count } of audit.flags)
    flags.append(make('option', { value: name, title: help }, `${title} (${count})`));
  byId('truth-filter', 'label').hidden = audit.summary.truth === null;

  function head() {
    const cells = [{ sort: 'frame', title: 'Frame', number: false }, ...COLUMNS].map(({ sort, title }) => {
      if (sort === null) return make('th', { scope: 'col' }, title);
      const mine = order.sort === sort;
      const direction = order.order === 'asc' ? 'ascending' : 'descending';
      const arrow = mine ? (order.order === 'asc' ? ' ▲' : ' ▼') : '';
      const button = make('button', { type: 'button' }, title + arrow);
      button.addEventListener('click', () => {
        // What is large is what is looked for: descending first, but for the frame's number and the margin.
        const first = sort === 'frame' || sort === 'margin' ? 'asc' : 'desc';
        const other = order.order === 'asc' ? 'desc' : 'asc';
        order = { sort, order: mine ? other : first };
        offset = 0;
        void load();
      });
      return make('th', { scope: 'col', 'aria-sort': mine ? direction : 'none' }, button);
    });
    /** @type {HTMLElement} */ (document.querySelector('#table thead tr')).replaceChildren(...cells);
  }

  /** @param {Row} row */
  function line(row) {
    const button = make('button', { type: 'button' }, String(row.frame));
    const cells = COLUMNS.map(({ number, text }) =>
      make('td', { class: number ? 'number' : 'text' }, text(row)),
    );
    const tr = make('tr', { 'data-frame': String(row.frame) }, make('td', {}, button), ...cells);
    tr.setAttribute('aria-current', String(row.frame === chosen));
    tr.addEventListener('click', () => choose(row.frame));
    return tr;
  }

  function show() {
    head();
    body.replaceChildren(...rows.map(line));
    byId('count', 'p').textContent = `${total} of ${audit.summary.audited} frames`;
    byId('page', 'span').textContent =
      total === 0 ? 'no frame' : `${offset + 1} to ${offset + rows.length} of ${total}`;
    byId('page-back', 'button').disabled = offset === 0;
    byId('page-on', 'button').disabled = offset + rows.length >= total;
  }

  async function load() {
    const mine = ++latest;
    const query = new URLSearchParams({ ...order, offset: String(offset), limit: String(PAGE) });
    for (const [name, value] of new FormData(form)) if (value !== '') query.set(name, String(value));
    const found = await readList(query);
    // A slow answer to an older question must not replace a newer one.
    if (mine !== latest) return;
    ({ total, frames: rows } = found);
    show();
  }

  /** @param {number} pages */
  async function turn(pages) {
    offset = Math.max(0, offset + pages * PAGE);
    await load();
  }

  form.addEventListener('input', () => {
    offset = 0;
    void load();
  });
  // A choice made with the mouse is over: the keys belong to the frames again. One made with arrow keys goes on.
  let pointed = false;
  form.addEventListener('pointerdown', () => (pointed = true));
  form.addEventListener('keydown', () => (pointed = false));
  form.addEventListener('change', (event) => {
    if (pointed && /** @type {HTMLElement} */ (event.target).matches('select, input[type=checkbox]'))
      byId('frame', 'section').focus({ preventScroll: true });
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  byId('page-back', 'button').addEventListener('click', () => void turn(-1));
  byId('page-on', 'button').addEventListener('click', () => void turn(1));

  return {
    load,
    /** Marks the frame that is shown. @param {number} frame */
    mark(frame) {
      chosen = frame;
      for (const tr of body.children) {
        const current = tr.getAttribute('data-frame') === String(frame);
        tr.setAttribute('aria-current', String(current));
        if (current) tr.scrollIntoView({ block: 'nearest' });
      }
    },
    /** The frame `step` places on in the list; null at its ends. @param {1 | -1} step */
    async neighbour(step) {
      const at = rows.findIndex((row) => row.frame === chosen) + step;
      if (chosen === null || !rows.some((row) => row.frame === chosen)) return rows[0]?.frame ?? null;
      if (at < 0) {
        if (offset === 0) return null;
        await turn(-1);
        return rows.at(-1)?.frame ?? null;
      }
      if (at < rows.length) return rows[at].frame;
      if (offset + rows.length >= total) return null;
      await turn(1);
      return rows[0]?.frame ?? null;
    },
    /** Shows a verdict that was just saved, without asking again. @param {number} frame @param {string | null} verdict */
    verdict(frame, verdict) {
      rows = rows.map((row) => (row.frame === frame ? { ...row, verdict } : row));
      show();
    },
  };
}
