import { basename } from 'node:path';

/** A file that a network's weights came from, as a dataset names it. */
export interface WeightsFile {
  /** `postprocess`: the parameters of VGGish's post-processing, from a separate file. */
  readonly role: 'weights' | 'postprocess';
  /** SHA-256 of the file. */
  readonly sha256: string;
  /** Where it came from, if known; else the file's name without its folder. */
  readonly origin: string;
  readonly licence?: string | undefined;
}

/** What is known about a weight file besides its content. */
export interface KnownOrigin {
  /** A URL, or the name that the file had. */
  readonly origin: string;
  readonly licence?: string | undefined;
}

/** Names a file as a dataset does: without its folder, which is private. */
export function weightsFile(
  role: WeightsFile['role'],
  sha256: string,
  path: string,
  { origin, licence }: KnownOrigin = { origin: basename(path) },
): WeightsFile {
  return { role, sha256, origin, licence };
}
