import { LlavaError } from '@llava-ts/telemetry';

/** What TensorFlow computes on. */
export type Device = 'cpu' | 'gpu';

/** A wheel of the Python package index that is fetched by version and platform and taken only with the right digest. */
export interface PinnedWheel {
  readonly project: string;
  readonly version: string;
  /** The `--abi` and `--platform` that pip is asked for; the Python on this machine does not matter. */
  readonly abi: 'cp311' | 'none';
  readonly platform: string;
  readonly bytes: number;
  /** Size of what is taken out of it. */
  readonly unpackedBytes: number;
  readonly sha256: string;
  /** What is taken out: members that begin with the key go to the folder or file of the value. */
  readonly members: Readonly<Record<string, string>>;
}

/** The TensorFlow that the pinned wheels hold. */
export const TENSORFLOW_VERSION = '2.21.0';

/** The libraries, and of the headers only those that the addon's two sources reach. */
const TENSORFLOW_MEMBERS = {
  'tensorflow/libtensorflow_cc.so.2': 'lib/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2': 'lib/libtensorflow_framework.so.2',
  'tensorflow/include/tensorflow/c/': 'include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/ctstring': 'include/tensorflow/core/platform/ctstring',
  'tensorflow/include/tsl/platform/': 'include/tsl/platform/',
  'tensorflow/include/xla/tsl/c/': 'include/xla/tsl/c/',
};

const TENSORFLOW = {
  'x64-cpu': tensorflow('tensorflow-cpu', {
    platform: 'manylinux_2_27_x86_64',
    bytes: 273_829_956,
    unpackedBytes: 853_308_936,
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  }),
  'x64-gpu': tensorflow('tensorflow', {
    platform: 'manylinux_2_27_x86_64',
    bytes: 572_440_367,
    unpackedBytes: 1_259_021_080,
    sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
  }),
  'arm64-cpu': tensorflow('tensorflow', {
    platform: 'manylinux_2_27_aarch64',
    bytes: 281_828_020,
    unpackedBytes: 883_062_208,
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
  }),
};

/** The CUDA 12 libraries that `tensorflow[and-cuda]` asks for; TensorFlow looks for them in `../nvidia/<part>/lib`. */
const CUDA = [
  cuda('cublas', '12.9.3.13', {
    platform: 'manylinux_2_27_x86_64',
    bytes: 581_217_458,
    unpackedBytes: 855_064_416,
    sha256: 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
  }),
  cuda('cuda_cupti', '12.8.90', {
    platform: 'manylinux2014_x86_64',
    bytes: 10_248_621,
    unpackedBytes: 41_311_976,
    sha256: 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
  }),
  cuda('cuda_nvcc', '12.9.86', {
    platform: 'manylinux2010_x86_64',
    bytes: 40_546_229,
    unpackedBytes: 98_010_465,
    sha256: '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
  }),
  cuda('cuda_nvrtc', '12.9.86', {
    platform: 'manylinux2010_x86_64',
    bytes: 89_568_129,
    unpackedBytes: 227_340_992,
    sha256: '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
  }),
  cuda('cuda_runtime', '12.9.79', {
    platform: 'manylinux2014_x86_64',
    bytes: 3_493_179,
    unpackedBytes: 5_342_176,
    sha256: '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
  }),
  cuda('cudnn', '9.28.0.42', {
    platform: 'manylinux_2_27_x86_64',
    bytes: 716_538_495,
    unpackedBytes: 1_162_393_472,
    sha256: '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
  }),
  cuda('cufft', '11.4.1.4', {
    platform: 'manylinux2014_x86_64',
    bytes: 200_877_592,
    unpackedBytes: 293_609_416,
    sha256: 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
  }),
  cuda('curand', '10.3.10.19', {
    platform: 'manylinux_2_27_x86_64',
    bytes: 68_295_626,
    unpackedBytes: 166_965_432,
    sha256: '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
  }),
  cuda('cusolver', '11.7.5.82', {
    platform: 'manylinux_2_27_x86_64',
    bytes: 338_117_415,
    unpackedBytes: 494_975_064,
    sha256: '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
  }),
  cuda('cusparse', '12.5.10.65', {
    platform: 'manylinux2014_x86_64',
    bytes: 366_465_088,
    unpackedBytes: 486_556_368,
    sha256: '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
  }),
  cuda('nccl', '2.32.3', {
    platform: 'manylinux_2_27_x86_64',
    bytes: 351_526_311,
    unpackedBytes: 489_653_380,
    sha256: 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
  }),
  cuda('nvjitlink', '12.9.86', {
    platform: 'manylinux2010_x86_64',
    bytes: 39_748_338,
    unpackedBytes: 95_935_344,
    sha256: 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
  }),
];

/**
 * The wheels that make a runtime for a machine; TensorFlow's own comes first.
 * @throws LlavaError `unavailable` for a platform without a pinned wheel.
 */
export function pinnedWheels(device: Device, platform: string, architecture: string): readonly PinnedWheel[] {
  if (platform === 'linux' && architecture === 'x64') {
    return device === 'gpu' ? [TENSORFLOW['x64-gpu'], ...CUDA] : [TENSORFLOW['x64-cpu']];
  }
  if (platform === 'linux' && architecture === 'arm64' && device === 'cpu') return [TENSORFLOW['arm64-cpu']];
  const what = `no TensorFlow ${TENSORFLOW_VERSION} wheel for ${platform}-${architecture} with device ${device}`;
  throw new LlavaError('unavailable', `${what}; try 'npx llava runtime install --from stock', or --device cpu`);
}

type WheelFile = Pick<PinnedWheel, 'platform' | 'bytes' | 'unpackedBytes' | 'sha256'>;

function tensorflow(project: string, file: WheelFile): PinnedWheel {
  return { project, version: TENSORFLOW_VERSION, abi: 'cp311', ...file, members: TENSORFLOW_MEMBERS };
}

function cuda(part: string, version: string, file: WheelFile): PinnedWheel {
  const folders = part === 'cuda_nvcc' ? ['bin', 'nvvm'] : ['lib'];
  const members = Object.fromEntries(
    folders.map((folder) => [`nvidia/${part}/${folder}/`, `nvidia/${part}/${folder}/`]),
  );
  return { project: `nvidia-${part.replaceAll('_', '-')}-cu12`, version, abi: 'none', ...file, members };
}
