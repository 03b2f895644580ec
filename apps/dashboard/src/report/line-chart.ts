import { figure } from '../view/words.js';

/** A curve of a {@link lineChart}; missing values (NaN) are gaps. */
export interface ChartCurve {
  readonly label: string;
  /** A CSS colour. */
  readonly colour: string;
  /** `[n]`, at x = 1 .. n. */
  readonly values: ArrayLike<number>;
  readonly points?: boolean;
  readonly width?: number;
}

const WIDTH = 720;
const HEIGHT = 220;
const PLOT = { left: 56, top: 8, right: WIDTH - 8, bottom: HEIGHT - 24 };
/** Columns of a curve: each keeps its lowest and its highest value, so that no peak is lost. */
const COLUMNS = 400;

/** A picture (SVG) of curves over steps, with vertical lines at `marks`. */
export function lineChart(options: {
  readonly title: string;
  readonly curves: readonly ChartCurve[];
  readonly marks?: readonly number[];
}): string {
  const { title, curves, marks = [] } = options;
  const length = Math.max(1, ...curves.map(({ values }) => values.length));
  const [low, high] = range(curves);
  const x = (step: number): number => PLOT.left + ((step - 1) / Math.max(1, length - 1)) * (PLOT.right - PLOT.left);
  const y = (value: number): number => PLOT.bottom - ((value - low) / (high - low)) * (PLOT.bottom - PLOT.top);
  const place = { x, y };
  const legend = curves
    .map(({ label, colour }) => `<span><i style="background:${colour}"></i>${label}</span>`)
    .join('');
  return `<figure><figcaption>${title} <small>${legend}</small></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
${ticks(low, high, 4)
  .map((tick) => horizontal(tick, y(tick)))
  .join('\n')}
${ticks(1, length, 6)
  .filter(Number.isInteger)
  .map((tick) => `<text x="${fixed(x(tick))}" y="${HEIGHT - 8}" text-anchor="middle">${tick}</text>`)
  .join('\n')}
${marks.map((step) => `<line class="mark" x1="${fixed(x(step))}" x2="${fixed(x(step))}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>`).join('\n')}
${curves.map((curve) => drawCurve(curve, place)).join('\n')}
</svg></figure>`;
}

const fixed = (value: number): string => value.toFixed(1);

const horizontal = (tick: number, y: number): string =>
  `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${fixed(y)}" y2="${fixed(y)}"/><text x="${PLOT.left - 6}" y="${fixed(y + 4)}" text-anchor="end">${figure(tick)}</text>`;

function range(curves: readonly ChartCurve[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const { values } of curves) {
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] as number;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low >= 0 && low < 0.3 * high ? 0 : low, high];
}

/** Round numbers inside a range, about so many. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

function drawCurve(
  { values, colour, points = false, width = 1.5 }: ChartCurve,
  { x, y }: { x: (step: number) => number; y: (value: number) => number },
): string {
  const rows = thinned(values).filter((row) => Number.isFinite(values[row]));
  if (points)
    return rows
      .map(
        (row) => `<circle cx="${fixed(x(row + 1))}" cy="${fixed(y(values[row] as number))}" r="3.5" fill="${colour}"/>`,
      )
      .join('');
  const path = rows.map((row, index) => {
    const gap = index === 0 || hasGap(values, rows[index - 1] as number, row);
    return `${gap ? 'M' : 'L'}${fixed(x(row + 1))} ${fixed(y(values[row] as number))}`;
  });
  return `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="${width}"/>`;
}

function hasGap(values: ArrayLike<number>, from: number, to: number): boolean {
  for (let row = from + 1; row < to; row += 1) if (!Number.isFinite(values[row])) return true;
  return false;
}

/** Rows worth drawing, in order: of each column the lowest and the highest. */
function thinned(values: ArrayLike<number>): number[] {
  const size = values.length / COLUMNS;
  if (size <= 2) return Array.from({ length: values.length }, (_, row) => row);
  const rows = new Set<number>();
  for (let column = 0; column < COLUMNS; column += 1) {
    let low = Math.floor(column * size);
    let high = low;
    for (let row = low; row < Math.floor((column + 1) * size); row += 1) {
      if ((values[row] as number) < (values[low] as number)) low = row;
      if ((values[row] as number) > (values[high] as number)) high = row;
    }
    rows.add(Math.min(low, high)).add(Math.max(low, high));
  }
  return [...rows];
}
