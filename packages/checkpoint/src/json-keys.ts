/**
 * The keys of a JSON object as they stand in its text, repeated ones too: `JSON.parse` keeps only the last of them.
 * Values are passed over, not checked.
 * @throws SyntaxError when it nests deeper than `depth`, so that a parser need not be trusted with it, or ends in a string
 */
export function topLevelKeys(text: string, depth: number): string[] {
  const keys: string[] = [];
  let level = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') level++;
    else if (char === '}' || char === ']') level--;
    else if (char === '"') {
      const end = stringEnd(text, at);
      if (level === 1 && isFollowedByColon(text, end)) keys.push(JSON.parse(text.slice(at, end)) as string);
      at = end - 1;
    }
    if (level > depth) throw new SyntaxError(`nested deeper than ${depth}`);
  }
  return keys;
}

/** One past the closing quote of the string that opens at `open`. */
function stringEnd(text: string, open: number): number {
  for (let quote = text.indexOf('"', open + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return quote + 1;
  }
  throw new SyntaxError('a string does not end');
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}
