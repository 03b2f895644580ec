import type { BucketChoice } from '@llava-ts/data';

import type { SeenSample } from './inspection.js';
import { histogram } from './length-facts.js';
import type { LengthFacts } from './length-facts.js';

const STYLE = `
:root { color-scheme: light dark; --edge: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
article { display: grid; grid-template-columns: 14rem 1fr; gap: 1rem; border-top: 1px solid var(--edge); padding: 1rem 0; }
img { width: 14rem; image-rendering: auto; border-radius: 4px; }
pre { white-space: pre-wrap; margin: 0; font: 14px/1.5 ui-monospace, monospace; }
.given { opacity: .65; } .learned { background: #2da44e33; border-radius: 3px; } .image { color: #8250df; }
small, summary { opacity: .7; } .bar { fill: #4c8bf5; } text { font: 11px sans-serif; fill: currentColor; }
@media (max-width: 40rem) { article { grid-template-columns: 1fr; } }`;

/** A page that needs no other file: lengths, and samples with the pictures that the encoder sees. */
export function samplesPage(
  name: string,
  facts: LengthFacts & BucketChoice,
  shown: readonly { readonly seen: SeenSample; readonly picture: Buffer | null }[],
): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(name)}</title><style>${STYLE}</style></head>
<body><h1>${escape(name)}</h1>
<p>${facts.lengths.length} samples measured, ${facts.withPicture} with a picture, ${(100 * facts.learnedShare).toFixed(1)} % of tokens learned.
Buckets ${escape(`[${facts.bucketTokens.join(', ')}]`)} would pad ${(100 * facts.waste).toFixed(1)} %. <span class="learned">Marked text</span> is learned.</p>
${chart(facts)}
${shown.map(article).join('\n')}
</body></html>
`;
}

function chart({ lengths }: LengthFacts): string {
  const bins = histogram(lengths);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const bars = bins.map(({ from, count }, at) => {
    const height = (count / most) * 90;
    return `<rect class="bar" x="${at * 50 + 4}" y="${100 - height}" width="42" height="${height}"/><text x="${at * 50 + 4}" y="114">${from}</text><text x="${at * 50 + 4}" y="${96 - height}">${count}</text>`;
  });
  return `<svg viewBox="0 -10 ${bins.length * 50} 130" width="100%" role="img" aria-label="tokens per sample">${bars.join('')}</svg>`;
}

function article({ seen, picture }: { seen: SeenSample; picture: Buffer | null }): string {
  const { place, id, tokens, learned, pieces } = seen;
  const text = pieces.map((piece) => `<span class="${piece.kind}">${escape(piece.text)}</span>`).join('');
  const image =
    picture === null
      ? '<div></div>'
      : `<img alt="${escape(seen.image ?? '')}" src="data:image/png;base64,${picture.toString('base64')}">`;
  const ids = pieces
    .map((piece) => (piece.kind === 'image' ? `${piece.ids[0] ?? ''} × ${piece.ids.length}` : piece.ids.join(' ')))
    .join(' | ');
  return `<article>${image}<div><small>${escape(place)} (${escape(id)}): ${tokens} tokens, ${learned} learned</small><pre>${text}</pre>
<details><summary>token ids</summary><pre>${ids}</pre></details></div></article>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
