/** The instruction sets that decide how fast matrix products are. */
export interface CpuFeatures {
  readonly avx2: boolean;
  readonly avx512: boolean;
  readonly amx: boolean;
  /** bfloat16 products in hardware (AVX512-BF16, AMX, or Arm's). */
  readonly bf16: boolean;
}

/** Reads the features from the text of /proc/cpuinfo, of x86 (`flags`) and Arm (`Features`). */
export function cpuFeatures(cpuinfo: string): CpuFeatures {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  const flags = new Set(line.split(/\s+/));
  return {
    avx2: flags.has('avx2'),
    avx512: flags.has('avx512f'),
    amx: flags.has('amx_tile'),
    bf16: flags.has('avx512_bf16') || flags.has('amx_bf16') || flags.has('bf16'),
  };
}
