/** Which files of a repository are wanted; patterns are the hub's: `*` any text, slashes too, `?` one character. */
export interface FilePatterns {
  /** Only these; by default all that the defaults do not leave out. */
  readonly include?: readonly string[];
  /** None of these. */
  readonly exclude?: readonly string[];
}

/** Weights in formats that nobody here reads, left out unless files are asked for by pattern. */
const FOREIGN = [
  '*.h5',
  '*.msgpack',
  '*.onnx',
  '*.onnx_data',
  '*.ot',
  '*.tflite',
  '*.gguf',
  'onnx/*',
  'openvino*',
  'coreml/*',
];

/** PyTorch's weights, left out where the same model is there as safetensors. */
const TORCH_WEIGHTS = ['pytorch_model*.bin', 'pytorch_model*.bin.index.json', '*.pth'];

/**
 * The paths that are wanted. Without `include`, formats of other frameworks are left out, and PyTorch's files where there
 * are safetensors.
 */
export function chooseFiles(paths: readonly string[], { include, exclude = [] }: FilePatterns): string[] {
  const hasSafetensors = paths.some((path) => /^model[^/]*\.safetensors$/.test(path));
  const unwanted = include === undefined ? [...FOREIGN, ...(hasSafetensors ? TORCH_WEIGHTS : [])] : [];
  const wanted = matcher(include ?? ['*']);
  const leftOut = matcher([...exclude, ...unwanted]);
  return paths.filter((path) => wanted(path) && !leftOut(path));
}

function matcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const folder = pattern.endsWith('/') ? `${pattern}*` : pattern;
    const source = folder
      .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source}$`, 's');
  });
  return (path) => expressions.some((expression) => expression.test(path));
}
