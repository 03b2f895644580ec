import type uPlot from 'uplot';
import { colour } from '../theme.js';

/** A vertical line at a step: a stage begins, a snapshot was written, something went wrong. */
export interface Mark {
  readonly step: number;
  readonly kind: 'stage' | 'snapshot' | 'incident';
  readonly label: string;
}

const LOOK = {
  stage: { name: 'text', dash: [] as number[] },
  snapshot: { name: 'quiet', dash: [2, 4] },
  incident: { name: 'error', dash: [4, 2] },
};

/** Draws the marks behind the curves. */
export function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = 1;
  ctx.textAlign = 'left';
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  for (const { step, kind, label } of marks) {
    const x = Math.round(plot.valToPos(step, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const { name, dash } = LOOK[kind];
    ctx.strokeStyle = ctx.fillStyle = colour(name);
    ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (kind === 'stage') ctx.fillText(label, x + 4 * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
  }
  ctx.restore();
}
