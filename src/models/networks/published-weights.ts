/** A published weight file. */
export interface PublishedWeights {
  readonly url: string;
  /**
   * Name of the file; its last part before the extension is the start of its SHA-256, as PyTorch
   * Hub has it.
   */
  readonly file: string;
  /** First hexadecimal digits of the file's SHA-256. */
  readonly sha256Prefix: string;
  /** Size, if the publisher states it. */
  readonly bytes?: number | undefined;
  /** What is known about the terms. */
  readonly licence: string;
  /** Whose tensor names it uses: `torchvision`. */
  readonly tensorNames: string;
}

/**
 * The weights of a network in torchvision (`IMAGENET1K_V1`), which states eight digits of each
 * file's SHA-256.
 */
export function torchvision(file: string): PublishedWeights {
  const licence = 'BSD-3-Clause (torchvision); trained on ImageNet-1K, whose own terms are for research';
  return published('torchvision', 'https://download.pytorch.org/models', file, licence);
}

/** A file of torchvggish's release, likewise. */
export function torchvggish(file: string): PublishedWeights {
  const licence = 'VGGish of TensorFlow models (Apache-2.0), converted by torchvggish: see its repository';
  return published('torchvggish', 'https://github.com/harritaylor/torchvggish/releases/download/v0.1', file, licence);
}

function published(tensorNames: string, folder: string, file: string, licence: string): PublishedWeights {
  const sha256Prefix = sha256PrefixOf(file);
  if (sha256Prefix === undefined) throw new TypeError(`the name of ${file} states no SHA-256`);
  return { url: `${folder}/${file}`, file, sha256Prefix, licence, tensorNames };
}

/**
 * The start of a SHA-256 that a file name states in the manner of PyTorch Hub
 * (`alexnet-owt-7be5be79.pth`), in lower case, or undefined if it states none.
 */
export function sha256PrefixOf(file: string): string | undefined {
  return /-([0-9a-f]{8,64})(?:\s?\(\d+\))?\.[a-z]+$/i.exec(file)?.[1]?.toLowerCase();
}
