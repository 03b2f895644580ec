import { writeFile } from 'node:fs/promises';
import {
  CLIP_MEAN,
  CLIP_STD,
  IGNORED_LABEL,
  chooseBuckets,
  createPreparation,
  loadTokenizer,
  openSampleSet,
  seededRandom,
} from '@llava-ts/data';
import type { BucketChoice, MixturePart, PreparedSample, Tokenizer } from '@llava-ts/data';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';

import type { ReadingFlags } from './reading-flags.js';
import { histogramLines, lengthFacts } from './length-facts.js';
import type { LengthFacts } from './length-facts.js';
import { pixelsToPng } from './pixels-to-png.js';
import { samplesPage } from './samples-page.js';

/** A piece of a sample as the model sees it. */
export interface SeenPiece {
  readonly kind: 'given' | 'learned' | 'image';
  readonly text: string;
  readonly ids: readonly number[];
}

/** A sample as the model sees it. */
export interface SeenSample {
  readonly place: string;
  readonly id: string;
  readonly image: string | null;
  readonly tokens: number;
  readonly learned: number;
  readonly imageSpans: PreparedSample['imageSpans'];
  readonly pieces: readonly SeenPiece[];
}

/** What `llava data inspect` was asked. */
export interface InspectionOptions {
  readonly part: MixturePart;
  readonly cacheDir: string;
  /** Folder of the tokenizer. */
  readonly tokenizer: string;
  readonly flags: Pick<ReadingFlags, 'template' | 'context' | 'imageTokens'> & {
    readonly size: number;
    readonly aspect: 'square' | 'pad';
  };
  readonly onProgress: ProgressListener;
}

/** Samples whose lengths are looked at: enough for a histogram. */
const LENGTH_SAMPLES = 2000;
const PAGE_SAMPLES = 50;
const BUCKETS = 4;

/** Opens a dataset for looking at it. */
export async function openInspection({ part, cacheDir, tokenizer: folder, flags, onProgress }: InspectionOptions) {
  const [set, tokenizer] = await Promise.all([openSampleSet([part], { cacheDir, onProgress }), loadTokenizer(folder)]);
  const preprocessing = { sizePx: flags.size, aspect: flags.aspect, mean: CLIP_MEAN, std: CLIP_STD };
  const { template, imageTokens } = flags;
  const rules = {
    template,
    imageTokens,
    preprocessing,
    contextTokens: flags.context,
    longSamples: 'truncate',
    onBadSample: 'stop',
  } as const;
  const preparation = createPreparation(set, tokenizer, rules);

  async function sample(ordinal: number): Promise<SeenSample> {
    if (ordinal >= set.samples)
      throw new LlavaError('bad-input', `--sample ${ordinal}: the dataset has samples 0 to ${set.samples - 1}`);
    const [{ sample: found, place }, [prepared]] = await Promise.all([
      set.read(ordinal),
      preparation.encode([ordinal]),
    ]);
    if (prepared === undefined) throw new LlavaError('internal', `sample ${ordinal} was not prepared`);
    const pieces = piecesOf(prepared, tokenizer);
    const learned = pieces.filter(({ kind }) => kind === 'learned').reduce((sum, { ids }) => sum + ids.length, 0);
    const { imageSpans } = prepared;
    return {
      place,
      id: found.id,
      image: found.image ?? null,
      tokens: prepared.ids.length,
      learned,
      imageSpans,
      pieces,
    };
  }

  return {
    sample,
    describe: describeSample,
    async writePicture(ordinal: number, file: string): Promise<void> {
      await writeFile(file, await pixelsToPng(await preparation.pixels(ordinal), preprocessing));
    },
    /** Lengths of a random choice of samples, bad ones left out, and buckets for them. */
    async lengths(): Promise<LengthFacts & BucketChoice> {
      const ordinals = chosen(set.samples, LENGTH_SAMPLES);
      const measuring = createPreparation(set, tokenizer, { ...rules, contextTokens: Infinity, onBadSample: 'skip' });
      const samples: PreparedSample[] = [];
      for (const ordinal of ordinals) {
        samples.push(...(await measuring.encode([ordinal])));
        onProgress({ task: 'lengths', done: samples.length, total: ordinals.length, unit: 'samples' });
      }
      const facts = lengthFacts(samples);
      return { ...facts, ...chooseBuckets(facts.lengths, BUCKETS) };
    },
    describeLengths: (facts: LengthFacts & BucketChoice): string[] => [
      ...histogramLines(facts),
      `buckets: [${facts.bucketTokens.join(', ')}], ${(100 * facts.waste).toFixed(1)} % padding`,
    ],
    async writePage(file: string, facts: LengthFacts & BucketChoice): Promise<void> {
      const shown: { seen: SeenSample; picture: Buffer | null }[] = [];
      const ordinals = chosen(set.samples, PAGE_SAMPLES);
      for (const ordinal of ordinals) {
        const seen = await sample(ordinal);
        const picture =
          seen.image === null ? null : await pixelsToPng(await preparation.pixels(ordinal), preprocessing);
        shown.push({ seen, picture });
        onProgress({ task: 'page', done: shown.length, total: ordinals.length, unit: 'samples' });
      }
      await writeFile(file, samplesPage(part.path, facts, shown));
    },
    close: () => set.close(),
  };
}

/** Random ordinals, ascending: the same each time. */
function chosen(samples: number, count: number): number[] {
  if (samples <= count) return Array.from({ length: samples }, (_, at) => at);
  const random = seededRandom(0, samples);
  const found = new Set<number>();
  while (found.size < count) found.add(random.integer(samples));
  return [...found].sort((a, b) => a - b);
}

/** Runs of tokens with and without label, and pictures; end tokens are written out. */
function piecesOf({ ids, labels }: PreparedSample, { decode, imageTokenId, eosId }: Tokenizer): SeenPiece[] {
  const runs: { kind: SeenPiece['kind']; ids: number[] }[] = [];
  ids.forEach((id, at) => {
    const kind = id === imageTokenId ? 'image' : labels[at] === IGNORED_LABEL ? 'given' : 'learned';
    const last = runs.at(-1);
    if (last?.kind === kind) last.ids.push(id);
    else runs.push({ kind, ids: [id] });
  });
  const textOf = (run: readonly number[]): string => `${decode(run)}${run.at(-1) === eosId ? '</s>' : ''}`;
  return runs.map((run) => ({
    ...run,
    text: run.kind === 'image' ? `<image: ${run.ids.length} tokens>` : textOf(run.ids),
  }));
}

const COLOURS = { given: '\u001B[2m', learned: '\u001B[32m', image: '\u001B[35m' } as const;

function describeSample(
  { place, id, image, tokens, learned, imageSpans, pieces }: SeenSample,
  colours: boolean,
): string[] {
  const paint = ({ kind, text }: SeenPiece): string =>
    colours ? `${COLOURS[kind]}${text}\u001B[0m` : kind === 'learned' ? `[[${text}]]` : text;
  return [
    `${place} (${id})${image === null ? '' : `, ${image}`}: ${tokens} tokens, ${learned} learned`,
    pieces.map(paint).join(''),
    `image spans: ${imageSpans.map(({ start, length }) => `${start} to ${start + length - 1}`).join(', ') || 'none'}`,
    `ids: ${pieces.map(({ kind, ids }) => (kind === 'image' ? `${ids[0] ?? ''} x ${ids.length}` : ids.join(' '))).join(' | ')}`,
  ];
}
