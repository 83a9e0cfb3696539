/** The network as it stands in the firmware: a box a stage, from top to bottom, with its shape, weights and widths. */
import { html, type Html } from '../draw/html.js';

/** What the drawing needs of a stage. */
export interface DrawnStage {
  readonly name: string;
  readonly kind: string;
  readonly inputs: readonly string[];
  readonly shape: string;
  readonly weights: number;
  readonly weightBits: number | null;
  readonly format: string;
}

const WIDTH = 640;
const [BOX, GAP, MARGIN] = [112, 22, 8];
/** Boxes side by side: more would not hold their text on a phone. */
const BESIDE = 2;

/** The row of each stage: one below the lowest of its inputs. */
export function rowsOf(stages: readonly Pick<DrawnStage, 'name' | 'inputs'>[]): ReadonlyMap<string, number> {
  const rows = new Map<string, number>();
  for (const { name, inputs } of stages)
    rows.set(name, Math.max(-1, ...inputs.map((input) => rows.get(input) ?? -1)) + 1);
  return rows;
}

/** `ap_fixed<8,1,…>` without what the roundings are. */
const short = (format: string): string =>
  format.split(',').slice(0, 2).join(',') + (format.includes(',') ? '>' : '');

const weightsText = ({ weights, weightBits }: DrawnStage): string =>
  weights === 0
    ? 'no weights'
    : `${weights.toLocaleString('en-US')} weights${weightBits === null ? '' : ` of ${weightBits} bits`}`;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Where each box stands, and the height of the drawing: at most two stand side by side. */
function layout(stages: readonly DrawnStage[]): {
  readonly places: ReadonlyMap<string, Place>;
  readonly height: number;
} {
  const rows = rowsOf(stages);
  const places = new Map<string, Place>();
  let y = MARGIN;
  for (let row = 0; row <= Math.max(-1, ...rows.values()); row++) {
    const members = stages.filter((stage) => rows.get(stage.name) === row);
    for (let k = 0; k < members.length; k += BESIDE) {
      const beside = members.slice(k, k + BESIDE);
      const width = (WIDTH - 2 * MARGIN - (beside.length - 1) * MARGIN) / beside.length;
      beside.forEach(({ name }, i) => places.set(name, { x: MARGIN + i * (width + MARGIN), y, width }));
      y += BOX + GAP;
    }
  }
  return { places, height: y - GAP + MARGIN };
}

/** From the foot of `a` to the head of `b`; around what stands between. */
function edge(a: Place, b: Place): Html {
  const [x0, y0, x1, y1] = [a.x + a.width / 2, a.y + BOX, b.x + b.width / 2, b.y];
  const side = Math.max(a.x + a.width, b.x + b.width) - MARGIN;
  const path =
    y1 - y0 <= GAP
      ? `M${x0} ${y0}L${x1} ${y1}`
      : `M${side} ${y0}C${WIDTH} ${y0 + GAP} ${WIDTH} ${y1 - GAP} ${side} ${y1}`;
  return html`<path class="flow" d="${path}" />`;
}

export function networkDrawing(stages: readonly DrawnStage[]): Html {
  const { places, height } = layout(stages);
  const box = (stage: DrawnStage): Html => {
    const { x, y, width } = places.get(stage.name)!;
    return html`<rect class="node" x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BOX}" rx="6" />
      <text class="name" x="${x + 10}" y="${y + 26}">${stage.name}</text>
      <text class="fact" x="${x + 10}" y="${y + 51}">${stage.kind}: ${stage.shape}</text>
      <text class="fact" x="${x + 10}" y="${y + 76}">${short(stage.format)}</text>
      <text class="fact" x="${x + 10}" y="${y + 101}">${weightsText(stage)}</text>`;
  };
  const drawn = stages.map((stage) => `${stage.name} (${stage.kind}, ${stage.shape})`).join(', ');
  return html`<figure>
    <svg class="network" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="The network: ${drawn}">
      ${stages.flatMap((stage) => stage.inputs.map((input) => edge(places.get(input)!, places.get(stage.name)!)))}
      ${stages.map(box)}
    </svg>
    <figcaption>Each stage with what it puts out: rows × columns × channels, and the format of a value.</figcaption>
  </figure>`;
}
