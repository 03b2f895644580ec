import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { figure } from '../../../src/view/words.js';
import { colour, themeVersion } from '../theme.js';
import { drawMarks } from './marks.js';
import type { Mark } from './marks.js';

/** A curve: its name in the legend, a colour of style.css, and how it is drawn. */
export interface Curve {
  readonly label: string;
  readonly colour: string;
  readonly width?: number;
  readonly dash?: number[];
  /** Points instead of a line: few values far apart. */
  readonly points?: boolean;
  /** Filled down to the axis. */
  readonly fill?: boolean;
}

/** Props of {@link Plot}. */
export interface PlotProps {
  readonly title: string;
  /** What somebody hears who does not see the picture. */
  readonly summary: string;
  readonly curves: readonly Curve[];
  /** The x values, then the values of each curve, all `[n]`. */
  readonly data: readonly ArrayLike<number | null>[];
  readonly marks?: readonly Mark[];
  readonly height?: number;
  readonly logarithmic?: boolean;
  /** Lowest y, where it must not follow the data. */
  readonly from?: number;
}

/** Curves over steps. Drag to look closer, double click to see all. */
export function Plot(props: PlotProps) {
  const { title, summary, curves, data, marks = [], height = 180, logarithmic = false, from } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shownMarks = useRef(marks);
  shownMarks.current = marks;
  const look = `${themeVersion.value} ${curves.map(({ label }) => label).join()} ${logarithmic}`;

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const width = element.clientWidth;
    const made = new uPlot(
      options({ curves, width, height, logarithmic, from, marks: () => shownMarks.current }),
      data as uPlot.AlignedData,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [look, height]);

  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData, !isZoomed(plot.current));
  }, [data]);

  return (
    <figure class="plot">
      <figcaption>{title}</figcaption>
      <div ref={box} role="img" aria-label={`${title}. ${summary}`} />
    </figure>
  );
}

function isZoomed(plot: uPlot): boolean {
  const x = plot.data[0];
  const shown = plot.scales['x'] as { readonly min?: number | null; readonly max?: number | null } | undefined;
  return (
    x.length > 0 && ((shown?.min ?? -Infinity) > (x[0] as number) || (shown?.max ?? Infinity) < (x.at(-1) as number))
  );
}

interface Look {
  readonly curves: readonly Curve[];
  readonly width: number;
  readonly height: number;
  readonly logarithmic: boolean;
  readonly from: number | undefined;
  readonly marks: () => readonly Mark[];
}

function options({ curves, width, height, logarithmic, from, marks }: Look): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colour('quiet'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { stroke: colour('line'), width: 1 },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height,
    cursor: { drag: { x: true, y: false }, focus: { prox: 24 } },
    legend: { live: true },
    scales: {
      x: { time: false },
      y: {
        // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- a const enum, which only its own compiler can name
        distr: logarithmic ? 3 : 1,
        ...(from !== undefined && { range: (_plot, _min, max) => [from, max > from ? max * 1.05 : from + 1] }),
      },
    },
    axes: [
      { ...axis, size: 28 },
      { ...axis, size: 56, values: (_plot, ticks) => ticks.map(figure) },
    ],
    series: [{ label: 'step' }, ...curves.map(line)],
    hooks: { drawClear: [(plot) => drawMarks(plot, marks())] },
  };
}

function line({ label, colour: name, width = 1.5, dash, points = false, fill = false }: Curve): uPlot.Series {
  const stroke = colour(name);
  return {
    label,
    stroke,
    width: points ? 0 : width,
    ...(dash && { dash }),
    ...(fill && { fill: stroke.replace('rgb(', 'rgba(').replace(')', ', 0.75)') }),
    points: { show: points, size: 7, fill: stroke },
    spanGaps: points,
    value: (_plot, value: number | null) => (value === null ? '–' : figure(value)),
  };
}
