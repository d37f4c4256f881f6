/** Where the weights of a network are published, as its origin states it. */
export interface OfficialSource {
  /** Name of the network, or `vggish-pca` for the parameters of VGGish's post-processing. */
  readonly network: string;
  readonly url: string;
  /** Name of the file; its last part before the extension is the start of its SHA-256, as PyTorch Hub has it. */
  readonly file: string;
  /** First hexadecimal digits of the file's SHA-256. */
  readonly sha256Prefix: string;
  /** Size, where the origin states it. */
  readonly bytes?: number;
  /** What is known of the terms. */
  readonly licence: string;
}

const torchvision = 'BSD-3-Clause (torchvision); trained on ImageNet-1K, whose own terms are for research';
const torchvggish = 'VGGish of TensorFlow models (Apache-2.0), converted by torchvggish: see its repository';

const published = (network: string, folder: string, file: string, licence: string): OfficialSource => ({
  network,
  url: `${folder}/${file}`,
  file,
  sha256Prefix: sha256PrefixOf(file) as string,
  licence,
});

/**
 * The start of a SHA-256 that a file name states in the manner of PyTorch Hub (`alexnet-owt-7be5be79.pth`), in lower case, or undefined when it
 * states none.
 */
export function sha256PrefixOf(file: string): string | undefined {
  return /-([0-9a-f]{8,64})(?:\s?\(\d+\))?\.[a-z]+$/i.exec(file)?.[1]?.toLowerCase();
}

const pytorchModels = 'https://download.pytorch.org/models';
const torchvggishRelease = 'https://github.com/harritaylor/torchvggish/releases/download/v0.1';

/**
 * The official source of each network's weights: the addresses in torchvision's own source (`IMAGENET1K_V1` of each) and in torchvggish's. They
 * state eight digits of each file's SHA-256 and, in the versions that these were taken from, no sizes.
 */
export const officialSources: readonly OfficialSource[] = [
  published('alexnet', pytorchModels, 'alexnet-owt-7be5be79.pth', torchvision),
  published('vgg16', pytorchModels, 'vgg16-397923af.pth', torchvision),
  published('resnet50', pytorchModels, 'resnet50-0676ba61.pth', torchvision),
  published('squeezenet1_0', pytorchModels, 'squeezenet1_0-b66bff10.pth', torchvision),
  published('squeezenet1_1', pytorchModels, 'squeezenet1_1-b8a52dc0.pth', torchvision),
  published('vggish', torchvggishRelease, 'vggish-10086976.pth', torchvggish),
  published('vggish-pca', torchvggishRelease, 'vggish_pca_params-970ea276.pth', torchvggish),
];

/** The official source of a network's weights, or undefined when there is none. */
export function officialSource(network: string): OfficialSource | undefined {
  return officialSources.find((source) => source.network === network);
}
