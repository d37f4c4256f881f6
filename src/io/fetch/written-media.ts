import { lstat, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { MEDIA_EXTENSIONS } from '../media/sniff.ts';
import type { FetchReason } from './fetch-fault.ts';

/** The media file that a program wrote into its folder, or why there is none to use. */
export type WrittenMedia =
  | { readonly path: string; readonly extension: string; readonly bytes: number }
  | { readonly reason: FetchReason; readonly message: string };

/** How many names a message lists. */
const NAMED = 5;
const GONE = ['ENOENT', 'ENOTDIR'];
const DENIED = ['EACCES', 'EPERM'];

/**
 * Finds the single media file in a folder, by its extension (one of `MEDIA_EXTENSIONS`). Other
 * files beside it (subtitles, pictures, descriptions, parts) do not count. Several media files, a
 * link, anything but a regular file, and an empty file are refused.
 */
export async function writtenMedia(folder: string): Promise<WrittenMedia> {
  try {
    return await findMedia(folder);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (GONE.includes(code)) return { reason: 'no-file', message: 'the command removed what it wrote, or its folder' };
    if (!DENIED.includes(code)) throw error;
    return { reason: 'unsafe-file', message: 'the command left a folder that cannot be read' };
  }
}

async function findMedia(folder: string): Promise<WrittenMedia> {
  // A link in its place could lead to any folder on this machine.
  if (!(await lstat(folder)).isDirectory()) {
    return { reason: 'unsafe-file', message: 'the command replaced its folder with something else' };
  }
  const names = (await readdir(folder)).sort();
  const media = names.filter((name) => MEDIA_EXTENSIONS.includes(extensionOf(name)));
  const [name] = media;
  if (name === undefined) {
    const others = names.length === 0 ? 'nothing' : `only ${listed(names)}, which have no media extension`;
    return { reason: 'no-file', message: `the command wrote ${others} at {out}` };
  }
  if (media.length > 1) {
    return { reason: 'several-files', message: `the command wrote several media files: ${listed(media)}` };
  }
  const path = join(folder, name);
  // A link could name any file on this machine.
  const facts = await lstat(path);
  if (!facts.isFile()) {
    const kind = facts.isSymbolicLink() ? 'a link' : facts.isDirectory() ? 'a directory' : 'not a regular file';
    return { reason: 'unsafe-file', message: `what the command wrote, ${listed([name])}, is ${kind}` };
  }
  if (facts.size === 0) return { reason: 'empty', message: `the command wrote an empty file, ${listed([name])}` };
  return { path, extension: extensionOf(name), bytes: facts.size };
}

function extensionOf(name: string): string {
  return extname(name).slice(1).toLowerCase();
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).map((name) => JSON.stringify(name.slice(0, 100).replace(/\p{C}/gu, '\ufffd')));
  return shown.join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');
}
