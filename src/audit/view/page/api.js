// @ts-check
/** What the server is asked. Failures are thrown with the server's words. */

/**
 * @typedef {{ frame: number, file: string, fileIndex: number, time: string | null, hit: boolean | null, keep: boolean,
 *   className: string | null, score: number | null, margin: number | null, marginBits: number | null,
 *   floatScore: number | null, floatKeep: boolean | null, spots: number | null, strongestSnr: number | null,
 *   resolutionRadius: number | null, resolutionA: number | null, distance: number | null, meanLevel: number | null,
 *   problem: string | null, flags: string[], verdict: string | null, note: string | null }} Row
 * @typedef {{ y: number, x: number, snr: number }} Spot
 * @typedef {{ x: number, y: number, known: boolean, rings: { radius: number, label: string }[] }} Rings
 * @typedef {{ wavelengthA: number, distanceMm: number, pixelMm: number }} Scale
 * @typedef {{ row: Row, sentence: string, spots: Spot[], rings: Rings | null, scale: Scale | null }} FrameFacts
 * @typedef {{ layer: string, keep: boolean, levels: string, sentence: string }} Evidence
 * @typedef {{ name: string, title: string, help: string, count: number }} Flag
 * @typedef {{ network: string, threshold: number, frames: number, audited: number, vetoed: number,
 *   truth: object | null, finished: boolean }} Summary
 * @typedef {{ summary: Summary, metered: { words: string, alarm: boolean } | null, flags: Flag[], palette: [number, number, number][], height: number, width: number,
 *   run: string, finder: string }} Audit
 */

/** @param {string} path @param {RequestInit} [init] */
async function ask(path, init) {
  const response = await fetch(path, init);
  if (response.ok) return response;
  const { why } = await response.json();
  throw new Error(why);
}

/** @param {string} path @returns {Promise<any>} */
const read = async (path) => (await ask(path)).json();

/** @returns {Promise<Audit>} */
export const readAudit = () => read('/api/audit');

/** @param {URLSearchParams} query @returns {Promise<{ total: number, frames: Row[] }>} */
export const readList = (query) => read(`/api/frames?${query}`);

/** @param {number} frame @returns {Promise<FrameFacts>} */
export const readFrame = (frame) => read(`/api/frames/${frame}`);

/** @param {number} frame @param {'fixed' | 'float'} arithmetic @returns {Promise<Evidence>} */
export const readEvidence = (frame, arithmetic) =>
  read(`/api/frames/${frame}/evidence?arithmetic=${arithmetic}`);

/**
 * Pixels, and 1 for every live one.
 * @param {number} frame
 * @returns {Promise<{ pixels: Uint16Array, live: Uint8Array }>}
 */
export async function readPixels(frame) {
  const bytes = await (await ask(`/api/frames/${frame}/pixels`)).arrayBuffer();
  const count = bytes.byteLength / 3;
  return { pixels: new Uint16Array(bytes, 0, count), live: new Uint8Array(bytes, 2 * count) };
}

/** @param {number} frame @param {string | null} verdict @param {string} note */
export async function saveVerdict(frame, verdict, note) {
  await ask(`/api/frames/${frame}/verdict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ verdict, note }),
  });
}
