import { open } from 'node:fs/promises';
import path from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';
import { createRecordWriter } from './record-writer.js';
import type { IndexRows } from './index-columns.js';
import { tarMembers } from './tar-members.js';
import type { TarMember } from './tar-members.js';

const PICTURE = /\.(jpe?g|png|webp|gif|tiff?|bmp)$/i;
const CAPTION = /\.(txt|caption)$/i;

/**
 * Indexes a WebDataset shard: members with the same name up to the first dot of the file's name are one sample, and follow each other.
 * A `.json` member holds a record (a LLaVA entry, or `{"caption"}`), a `.txt` member a caption; pictures stay in the shard.
 * @throws {LlavaError} `bad-input` naming shard and sample, `corrupt` for a damaged archive
 */
export async function scanTar(file: string, folder: string): Promise<IndexRows> {
  const writer = createRecordWriter(folder);
  const handle = await open(file);
  const read = async ({ start, length }: TarMember): Promise<string> => {
    const buffer = Buffer.alloc(length);
    await handle.read(buffer, 0, length, start);
    return buffer.toString();
  };
  const finish = async (key: string, members: readonly TarMember[]): Promise<void> => {
    const find = (pattern: RegExp): TarMember | undefined => members.find(({ name }) => pattern.test(name));
    const [picture, json, caption] = [find(PICTURE), find(/\.json$/i), find(CAPTION)];
    if (picture === undefined && json === undefined) return; // e.g. a README
    const place = `${file}: sample ${key}`;
    const value =
      json === undefined
        ? { caption: caption === undefined ? undefined : await read(caption) }
        : parse(await read(json), place);
    await writer.add(toRecord(value, { key, picture: picture?.name, place }), picture ?? null);
  };
  try {
    let group: { key: string; members: TarMember[] } = { key: '', members: [] };
    for await (const member of tarMembers(file)) {
      const key = keyOf(member.name);
      if (key !== group.key && group.members.length > 0) await finish(group.key, group.members);
      group = key === group.key ? group : { key, members: [] };
      group.members.push(member);
    }
    if (group.members.length > 0) await finish(group.key, group.members);
    await writer.end();
    return writer.rows;
  } finally {
    await handle.close();
  }
}

/** `00012/000123.jpg` and `00012/000123.seg.png` have the key `00012/000123`. */
function keyOf(name: string): string {
  const { dir, base } = path.posix.parse(name);
  return path.posix.join(dir, base.split('.')[0] ?? base);
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LlavaError('bad-input', `${place}: its .json is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function toRecord(
  value: unknown,
  { key, picture, place }: { key: string; picture: string | undefined; place: string },
): object {
  const entry =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  const { caption, text } = entry;
  const known = { ...entry, id: entry['id'] ?? key, ...(picture !== undefined && { image: picture }) };
  if ('conversations' in entry || 'messages' in entry) return known;
  const answer = [caption, text].find((part) => typeof part === 'string');
  if (answer === undefined)
    throw new LlavaError(
      'bad-input',
      `${place}: expected conversations, messages or a caption in its .json or .txt, got ${Object.keys(entry).join(', ') || 'nothing'}`,
    );
  return captionRecord(known.id, picture, answer);
}

/** A caption as LLaVA's first stage has it: an instruction with the picture, and the caption. */
export function captionRecord(id: unknown, picture: string | undefined, caption: string): object {
  return {
    id,
    ...(picture !== undefined && { image: picture }),
    conversations: [
      { from: 'human', value: picture === undefined ? 'Describe.' : '<image>\nDescribe the image.' },
      { from: 'gpt', value: caption.trim() },
    ],
  };
}
