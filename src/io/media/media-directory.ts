import { type Dirent, statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { sortInTurns } from '../../core/sort-in-turns.ts';
import { eachEntry } from '../directory-entries.ts';
import { hasMediaExtension } from './sniff.ts';

/** A file in a directory that was not recognised as media. */
export interface PassedOver {
  readonly path: string;
  /**
   * `extension`: its name has none of `MEDIA_EXTENSIONS`; `link`: a broken link; `kind`: a pipe, a
   * socket or a device.
   */
  readonly why: 'extension' | 'link' | 'kind';
}

/** What a directory holds. */
export interface MediaDirectory {
  /** Sorted. */
  readonly media: readonly string[];
  readonly passedOver: readonly PassedOver[];
}

/**
 * All files in and below a directory: those with an extension of `MEDIA_EXTENSIONS`, and the
 * others. Links are followed, each directory once, under its own name if it has one here; names
 * that begin with a dot are skipped.
 *
 * @throws Node's error if a directory cannot be read.
 */
export async function lookThrough(directory: string): Promise<MediaDirectory> {
  const media: string[] = [];
  const passedOver: PassedOver[] = [];
  const seen = new Set<string>();
  const linked: string[] = [];
  const enter = async (path: string): Promise<void> => {
    const real = await realpath(path);
    if (seen.has(real)) return;
    seen.add(real);
    const below: string[] = [];
    // Builds paths as `join` does; `join` itself takes longer than all the rest.
    const before = join(path, '_').slice(0, -1);
    await eachEntry(path, (entry) => {
      if (entry.name.startsWith('.')) return;
      const inside = before + entry.name;
      const kind = kindOf(entry, inside);
      if (kind === 'directory') (entry.isSymbolicLink() ? linked : below).push(inside);
      else if (kind !== 'file') passedOver.push({ path: inside, why: kind });
      else if (hasMediaExtension(entry.name)) media.push(inside);
      else passedOver.push({ path: inside, why: 'extension' });
    });
    for (const each of below.sort()) await enter(each);
  };
  await enter(directory);
  // The target of a link may also be here under its own name.
  while (linked.length > 0) for (const each of linked.splice(0).sort()) await enter(each);
  return { media: await sortInTurns(media, (left, right) => (left < right ? -1 : 1)), passedOver };
}

function kindOf(entry: Dirent, path: string): 'directory' | 'file' | 'link' | 'kind' {
  if (!entry.isSymbolicLink()) return entry.isDirectory() ? 'directory' : entry.isFile() ? 'file' : 'kind';
  try {
    const target = statSync(path);
    return target.isDirectory() ? 'directory' : target.isFile() ? 'file' : 'kind';
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return 'link';
    throw error;
  }
}

/** What was skipped, in a sentence for people; undefined if nothing was. */
export function passedOverText(files: readonly PassedOver[]): string | undefined {
  if (files.length === 0) return undefined;
  const of = (why: PassedOver['why']) => files.filter((file) => file.why === why);
  const extensions = [...new Set(of('extension').map(({ path }) => extname(path).toLowerCase() || 'none'))].sort();
  const shown = extensions.slice(0, 8).join(', ') + (extensions.length > 8 ? ', ...' : '');
  const parts = [
    ...(of('extension').length > 0 ? [`${of('extension').length} by their extension (${shown})`] : []),
    ...counted(of('link').length, 'link that leads nowhere', 'links that lead nowhere'),
    ...counted(of('kind').length, 'that is not a regular file', 'that are not regular files'),
  ];
  return `${counted(files.length, 'file in the directories was', 'files in the directories were')} skipped: ${parts.join(', ')}`;
}

function counted(count: number, one: string, more: string): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : more}`];
}
