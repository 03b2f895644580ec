/** Settings that may change between a snapshot and the run that goes on from it: none of them touches a number that is trained. */
const FREE = /^(preset|train\.(snapshotEverySteps|keepSnapshots)|exchange\..*)$/;

/** Where two configurations differ in a way that would make a resumed run another one: `path: stored -> given`. */
export function configDifferences(stored: unknown, given: unknown): string[] {
  const before = leaves(stored);
  const after = leaves(given);
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths
    .filter((path) => !FREE.test(path) && before.get(path) !== after.get(path))
    .map((path) => `${path}: ${before.get(path) ?? 'absent'} -> ${after.get(path) ?? 'absent'}`);
}

function leaves(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null) return found.set(path, JSON.stringify(value));
  for (const [name, child] of Object.entries(value)) leaves(child, path === '' ? name : `${path}.${name}`, found);
  return found;
}
