// @ts-check
/** What is said of a frame beside its picture: facts, and the reviewer's verdict. */
import { saveVerdict } from './api.js';
import { byId, figure, make } from './dom.js';

/** @param {import('./api.js').Row} row @param {import('./api.js').Audit} audit */
export function showFacts(row, audit) {
  const words = new Map(audit.flags.map(({ name, title }) => [name, title]));
  const truth = row.hit === null ? 'not labelled' : row.hit ? 'hit' : 'miss';
  /** @type {[string, string][]} */
  const facts = [
    ['flags', row.flags.map((name) => words.get(name) ?? name).join(', ') || 'none'],
    ['class', row.className ?? '–'],
    ['label', truth],
    ['score', `${figure(row.score)} (float ${figure(row.floatScore, 1)}), threshold ${figure(audit.summary.threshold)}`],
    ['peaks', `${figure(row.spots)} by ${audit.finder}`],
    ['unlike training', row.distance === null ? '–' : `${figure(row.distance, 2)} (1 is an ordinary training frame)`],
    ['mean level', `${figure(row.meanLevel, 2)} ADU`],
    ['time', row.time ?? '–'],
  ]; // prettier-ignore
  byId('facts', 'dl').replaceChildren(
    ...facts.flatMap(([name, text]) => [make('dt', {}, name), make('dd', {}, text)]),
  );
}

/** @param {(frame: number, verdict: string | null) => void} onSaved */
export function createVerdict(onSaved) {
  const buttons = [
    .../** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('[data-verdict]')),
  ];
  const note = byId('note', 'input');
  const saved = byId('saved', 'span');
  /** @type {{ frame: number, verdict: string | null } | null} */
  let shown = null;

  function press() {
    for (const button of buttons)
      button.setAttribute('aria-pressed', String(button.dataset['verdict'] === shown?.verdict));
  }

  /** @param {string | null} verdict */
  async function save(verdict) {
    if (shown === null) return;
    const { frame } = shown;
    try {
      await saveVerdict(frame, verdict, note.value);
      // Another frame may be shown by now; the verdict was on this one.
      if (shown.frame === frame) shown = { frame, verdict };
      saved.textContent = verdict === null ? `frame ${frame}: withdrawn` : `frame ${frame}: saved`;
      saved.className = 'good';
      onSaved(frame, verdict);
    } catch (error) {
      saved.textContent = `not saved: ${error instanceof Error ? error.message : 'no answer'}`;
      saved.className = 'bad';
    }
    press();
  }

  for (const button of buttons)
    button.addEventListener('click', () => {
      const verdict = button.dataset['verdict'] ?? null;
      void save(verdict === shown?.verdict ? null : verdict);
    });
  note.addEventListener('change', () => {
    if (shown?.verdict != null) void save(shown.verdict);
  });
  return {
    /** @param {import('./api.js').Row} row */
    show(row) {
      shown = { frame: row.frame, verdict: row.verdict };
      note.value = row.note ?? '';
      saved.textContent = '';
      press();
    },
    /** @param {string} verdict */
    give: (verdict) => void save(verdict),
  };
}
