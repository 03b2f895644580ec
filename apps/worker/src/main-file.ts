import { fileURLToPath } from 'node:url';

/** The program of this app, to be started with `node`. */
export const mainFile: string = fileURLToPath(new URL('./main.js', import.meta.url));
