import { homedir } from 'node:os';
import { join } from 'node:path';

import type { Environment } from '@llava-ts/engine/runtime';

/** What the command reads from its environment; everything else is flags and the run configuration. */
export interface CliEnvironment {
  /** `LLAVA_DEBUG=1`: failures are printed with their stack. */
  readonly debug: boolean;
  /** Where models are fetched from and kept, as Python's `huggingface_hub` reads it. */
  readonly hub: HubEnvironment;
  /** `LLAVA_API_KEY`, or `OPENAI_API_KEY`: for the endpoint of `data generate`. Never printed. */
  readonly apiKey: string | null;
  /** For the programs that are started, and for the cache folder (`LLAVA_CACHE`, `XDG_CACHE_HOME`). */
  readonly variables: Environment;
}

/** `HF_ENDPOINT`, `HF_HUB_CACHE` or `HF_HOME`, `HF_TOKEN` or `HF_TOKEN_PATH`, `HF_HUB_OFFLINE`. */
export interface HubEnvironment {
  readonly endpoint: string;
  readonly cacheDir: string;
  readonly token?: string;
  /** Read when no token is given; need not be there. */
  readonly tokenFile: string;
  readonly offline: boolean;
}

function readHub(variables: Environment): HubEnvironment {
  const cacheHome = variables['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const home = variables['HF_HOME'] ?? join(cacheHome, 'huggingface');
  const token = variables['HF_TOKEN']?.trim();
  return {
    endpoint: variables['HF_ENDPOINT'] ?? 'https://huggingface.co',
    cacheDir: variables['HF_HUB_CACHE'] ?? variables['HUGGINGFACE_HUB_CACHE'] ?? join(home, 'hub'),
    ...(token !== undefined && token !== '' && { token }),
    tokenFile: variables['HF_TOKEN_PATH'] ?? join(home, 'token'),
    offline: /^(1|on|yes|true)$/i.test(variables['HF_HUB_OFFLINE'] ?? ''),
  };
}

/** Reads the environment of this process. */
export function readEnvironment(variables: Environment = process.env): CliEnvironment {
  const apiKey = variables['LLAVA_API_KEY'] || variables['OPENAI_API_KEY'] || null; // set but empty is not set
  return { debug: Boolean(variables['LLAVA_DEBUG']), apiKey, hub: readHub(variables), variables };
}
