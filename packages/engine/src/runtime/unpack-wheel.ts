import { LlavaError } from '@llava-ts/telemetry';

import { noSpace } from './fetch-wheel.js';
import type { InstallContext } from './fetch-wheel.js';
import type { PinnedWheel } from './pinned-wheels.js';
import { runPython } from './python.js';
import { lastLine } from './run-command.js';

/** Python is there anyway (pip), and its zipfile checks every member's CRC. Prints the bytes done, fsyncs what it writes. */
const UNPACK = `
import json, os, sys, zipfile
wheel, target, members = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
done = 0
with zipfile.ZipFile(wheel) as archive:
    for info in archive.infolist():
        found = [key for key in members if info.filename.startswith(key)]
        if not found or info.is_dir() or '..' in info.filename.split('/'):
            continue
        path = os.path.join(target, members[found[0]] + info.filename[len(found[0]):])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(info) as source, open(path, 'wb') as out:
            while True:
                chunk = source.read(1 << 23)
                if not chunk:
                    break
                out.write(chunk)
                done += len(chunk)
                print(done, flush=True)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(path, (info.external_attr >> 16) & 0o755 | 0o644)
`;

/**
 * Takes the members that are wanted out of a wheel.
 * @throws LlavaError `no-space`, or `corrupt` when the archive cannot be read.
 */
export async function unpackWheel(
  wheel: PinnedWheel,
  file: string,
  target: string,
  context: InstallContext,
): Promise<void> {
  const task = `unpack ${wheel.project} ${wheel.version}`;
  const report = (done: number): void => {
    context.progress({ task, done: Math.min(done, wheel.unpackedBytes), total: wheel.unpackedBytes, unit: 'bytes' });
  };
  const { status, output } = await runPython(['-c', UNPACK, file, target, JSON.stringify(wheel.members)], {
    env: context.env,
    signal: context.signal,
    onLine: (line) => report(Number(line)),
  });
  if (status === 0) return;
  if (/No space left on device/.test(output)) throw noSpace(target, wheel.unpackedBytes);
  throw new LlavaError('corrupt', `${file}: cannot be unpacked: ${lastLine(output)}`);
}
