// @ts-check
/** The page: which frame is shown, how it is looked at, and the keys. */
import { readAudit, readEvidence, readFrame, readPixels } from './api.js';
import { createVerdict, showFacts } from './details.js';
import { byId, figure, make } from './dom.js';
import { createList } from './list.js';
import { bytesOf, evidenceImage, frameImage, quantile } from './paint.js';
import { createViewer, wholeFrame } from './viewer.js';

/**
 * @typedef {{ facts: import('./api.js').FrameFacts, pixels: Uint16Array, live: Uint8Array,
 *   image: ImageBitmap | null, evidence: Partial<Record<'fixed' | 'float', ImageBitmap>> }} Shown
 */

const audit = await readAudit();
const { height, width, summary } = audit;
document.title = `Audit of ${summary.network}`;
byId('title', 'h1').textContent = document.title;
byId('figures', 'p').textContent =
  `${audit.run}: ${summary.audited} frames, ${summary.vetoed} vetoed` +
  (summary.finished ? '' : ` (unfinished, of ${summary.frames})`);

if (audit.metered !== null) {
  // What the veto's own prescale says of the hits that are gone; an alarm where that is beyond the bound.
  const line = byId('metered', 'p');
  line.hidden = false;
  line.textContent = `${audit.metered.alarm ? 'Alarm: ' : ''}${audit.metered.words}.`;
  if (audit.metered.alarm) line.setAttribute('role', 'alert');
}

/** @type {Shown | null} */
let shown = null;
let camera = wholeFrame(height, width);
let latest = 0;
let drawing = false;

const control = {
  opacity: byId('opacity', 'input'),
  scale: byId('scale', 'select'),
  white: byId('white', 'input'),
  evidence: byId('show-evidence', 'input'),
  spots: byId('show-spots', 'input'),
  rings: byId('show-rings', 'input'),
  float: byId('show-float', 'input'),
};

const options = {
  height,
  width,
  camera: () => camera,
  /** @param {import('./viewer.js').Camera} to */
  move: (to) => {
    camera = to;
    draw();
  },
  point: readPixel,
};
const canvases = { fixed: byId('fixed', 'canvas'), float: byId('float', 'canvas') };
for (const canvas of Object.values(canvases)) canvas.style.aspectRatio = `${width} / ${height}`;
const viewers = {
  fixed: createViewer(canvases.fixed, options),
  float: createViewer(canvases.float, options),
};
const list = createList(audit, (frame) => void open(frame));
const verdict = createVerdict((frame, given) => list.verdict(frame, given));

/** Draws at the next chance, once however often it is asked. */
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    if (shown === null) return;
    const { facts, image, evidence } = shown;
    for (const name of /** @type {const} */ (['fixed', 'float']))
      viewers[name].draw({
        frame: image,
        evidence: control.evidence.checked ? (evidence[name] ?? null) : null,
        opacity: Number(control.opacity.value) / 100,
        spots: control.spots.checked ? facts.spots : [],
        rings: control.rings.checked ? facts.rings : null,
      });
  });
}

/** White on the slider is logarithmic: 1 to 65535 ADU over its length. */
const whiteOf = () => 65535 ** (Number(control.white.value) / 1000);

async function contrast() {
  const frame = shown;
  if (frame === null) return;
  // A detector's offset is no light: black is where the darkest hundredth of the live pixels ends.
  const black = quantile(frame.pixels, frame.live, 0.01);
  const white = Math.max(black + 1, whiteOf());
  byId('white-value', 'output').textContent = `${figure(black)} to ${figure(white)} ADU`;
  const scale = /** @type {import('./paint.js').ScaleName} */ (control.scale.value);
  frame.image = await createImageBitmap(frameImage(frame.pixels, frame.live, width, black, white, scale));
  draw();
}

/** White where half a percent of the live pixels are brighter. */
function autoContrast() {
  if (shown === null) return;
  const white = Math.max(1, quantile(shown.pixels, shown.live, 0.995));
  control.white.value = String((1000 * Math.log(white)) / Math.log(65535));
  void contrast();
}

/** @param {'fixed' | 'float'} name */
async function explain(name) {
  const frame = shown;
  if (frame === null || frame.evidence[name] !== undefined) return;
  const found = await readEvidence(frame.facts.row.frame, name);
  frame.evidence[name] = await createImageBitmap(evidenceImage(bytesOf(found.levels), width, audit.palette));
  if (frame !== shown) return;
  const arithmetic = name === 'fixed' ? 'The firmware’s arithmetic' : 'The float network';
  const decision = found.keep ? 'keeping' : 'vetoing';
  const caption = `${arithmetic}: evidence for ${decision}, at layer ${found.layer}`;
  byId(`${name}-caption`, 'figcaption').textContent = caption;
  canvases[name].setAttribute('aria-label', `${caption}. ${found.sentence}`);
  if (name === 'fixed') byId('sentence', 'p').textContent = `${found.sentence}.`;
  draw();
}

/** @param {unknown} error */
function fail(error) {
  byId('sentence', 'p').textContent = error instanceof Error ? error.message : 'vetoc does not answer';
}

/** Shows a frame. @param {number} frame */
async function open(frame) {
  const mine = ++latest;
  document.body.dataset['view'] = 'frame';
  history.replaceState(null, '', `#${frame}`);
  list.mark(frame);
  try {
    const facts = await readFrame(frame);
    if (mine !== latest) return;
    const { row } = facts;
    byId('name', 'h2').textContent = `Frame ${frame}: ${row.file} # ${row.fileIndex}`;
    byId('sentence', 'p').textContent = `${facts.sentence}.`;
    showFacts(row, audit);
    verdict.show(row);
    byId('look', 'div').hidden = false;
    for (const name of ['fixed', 'float']) byId(`${name}-caption`, 'figcaption').textContent = '';
    shown = { facts, pixels: new Uint16Array(), live: new Uint8Array(), image: null, evidence: {} };
    const read = await readPixels(frame);
    if (mine !== latest) return;
    Object.assign(shown, read);
    autoContrast();
    await explain('fixed');
    if (control.float.checked && mine === latest) await explain('float');
  } catch (error) {
    if (mine === latest) fail(error);
  }
}

/** @param {number} y @param {number} x */
function readPixel(y, x) {
  if (shown === null || y < 0 || x < 0 || y >= height || x >= width) return;
  const { facts, pixels, live } = shown;
  const value = live[y * width + x] === 0 ? 'masked' : `${pixels[y * width + x]} ADU`;
  byId('readout', 'p').textContent = `row ${y}, column ${x}: ${value}${resolutionWords(facts, y, x)}`;
}

/** @param {import('./api.js').FrameFacts} facts @param {number} y @param {number} x */
function resolutionWords({ rings, scale }, y, x) {
  if (rings === null || !rings.known) return '';
  const radius = Math.hypot(y - rings.y, x - rings.x);
  if (scale === null) return `, ${figure(radius)} px from the beam`;
  const twoTheta = Math.atan((radius * scale.pixelMm) / scale.distanceMm);
  return `, ${figure(scale.wavelengthA / (2 * Math.sin(twoTheta / 2)), 2)} Å`;
}

/** @param {1 | -1} step */
async function go(step) {
  const frame = await list.neighbour(step);
  if (frame !== null) await open(frame);
}

/** @param {HTMLInputElement} box */
const toggle = (box) => {
  box.checked = !box.checked;
  box.dispatchEvent(new Event('input'));
};
const home = () => options.move(wholeFrame(height, width));
const showList = () => {
  document.body.dataset['view'] = 'list';
};
const STEP = 60;

/** @type {[keys: string[], words: string, act: () => void][]} */
const KEYS = [
  [['ArrowRight', 'j'], 'next frame', () => void go(1)],
  [['ArrowLeft', 'k'], 'previous frame', () => void go(-1)],
  [['r'], 'the decision is right', () => verdict.give('right')],
  [['w'], 'the decision is wrong', () => verdict.give('wrong')],
  [['u'], 'unsure', () => verdict.give('unsure')],
  [['e'], 'evidence on or off', () => toggle(control.evidence)],
  [['p'], 'peaks on or off', () => toggle(control.spots)],
  [['g'], 'rings on or off', () => toggle(control.rings)],
  [['f'], 'float beside fixed', () => toggle(control.float)],
  [['+', '='], 'zoom in', () => viewers.fixed.zoomBy(1.5)],
  [['-'], 'zoom out', () => viewers.fixed.zoomBy(1 / 1.5)],
  [['0'], 'whole frame', home],
  [['W', 'ArrowUp'], 'move up', () => viewers.fixed.panBy(0, STEP)],
  [['S', 'ArrowDown'], 'move down', () => viewers.fixed.panBy(0, -STEP)],
  [['A'], 'move left', () => viewers.fixed.panBy(STEP, 0)],
  [['D'], 'move right', () => viewers.fixed.panBy(-STEP, 0)],
  [['Escape'], 'back to the list', showList],
  [['?'], 'these keys', () => byId('help', 'dialog').showModal()],
];

document.addEventListener('keydown', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.matches('input:not([type=checkbox]), select, textarea')) {
    // Out of a filter, on to the frames: the keys work at once.
    if (target.closest('#filters') !== null && ['Enter', 'Escape'].includes(event.key)) {
      event.preventDefault();
      byId('frame', 'section').focus();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || byId('help', 'dialog').open) return;
  const key = KEYS.find(([keys]) => keys.includes(event.key));
  // Up and down scroll the page until there is something to move in the picture.
  if (key === undefined || (event.key.startsWith('Arrow') && key[1].startsWith('move') && camera.zoom === 1))
    return;
  event.preventDefault();
  key[2]();
});

byId('keys', 'dl').append(
  ...KEYS.flatMap(([keys, words]) => [
    make('dt', {}, ...keys.flatMap((key) => [make('kbd', {}, key.replace('Arrow', '')), ' '])),
    make('dd', {}, words),
  ]),
);
byId('help-open', 'button').addEventListener('click', () => byId('help', 'dialog').showModal());
byId('next', 'button').addEventListener('click', () => void go(1));
byId('previous', 'button').addEventListener('click', () => void go(-1));
byId('back', 'button').addEventListener('click', showList);
byId('zoom-in', 'button').addEventListener('click', () => viewers.fixed.zoomBy(1.5));
byId('zoom-out', 'button').addEventListener('click', () => viewers.fixed.zoomBy(1 / 1.5));
byId('zoom-all', 'button').addEventListener('click', home);
byId('white-auto', 'button').addEventListener('click', autoContrast);
for (const input of [control.opacity, control.evidence, control.spots, control.rings])
  input.addEventListener('input', draw);
for (const input of [control.scale, control.white]) input.addEventListener('input', () => void contrast());
control.float.addEventListener('input', () => {
  byId('float-figure', 'figure').hidden = !control.float.checked;
  draw();
  if (control.float.checked) explain('float').catch(fail);
});
addEventListener('resize', draw);

await list.load();
const asked = /^#(\d+)$/.exec(location.hash);
if (asked !== null) await open(Number(asked[1]));
// On a wide screen there is room for a frame beside the list: the first one is open.
else if (!matchMedia('(max-width: 56rem)').matches) await go(1);
