import { resolveConfig } from '@llava-ts/recipes';
import { exportModel } from '@llava-ts/trainer';
import sharp from 'sharp';

/** Writes the untrained model of the preset `tiny`: pretrained parts with a fresh projector, which is enough to write text. */
export async function writeTinyAssistant(folder: string): Promise<void> {
  await exportModel(folder, await resolveConfig({ preset: 'tiny' }), new Map());
}

/** A picture of one colour as a data address. */
export async function colouredPicture(background: string): Promise<string> {
  const picture = sharp({ create: { width: 96, height: 96, channels: 3, background } });
  return `data:image/png;base64,${(await picture.png().toBuffer()).toString('base64')}`;
}
