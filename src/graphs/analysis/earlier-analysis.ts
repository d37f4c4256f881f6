import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../../core/canonical-json.ts';
import { sha256 } from '../../core/hash.ts';
import type { Json } from '../../core/json.ts';
import { softwareVersion } from '../../io/dataset/software.ts';
import { type AnalyseFeaturesOptions, optionsOfAnalysis } from './analyse-features.ts';
import { openFeatureTable } from './feature-rows.ts';

/** What an analysis was made from, as recorded in its page. */
export interface AnalysedFacts {
  readonly items: number;
  /** Hash of the items and of the content that their vectors were computed from. */
  readonly contents: string;
  /** Hash of everything else that determines the page: options, lists, the software. */
  readonly setting: string;
}

/** What has changed since the page was written. */
export interface NewSinceAnalysis {
  readonly items: number;
  /** Whether the vectors, or which items there are, have changed. */
  readonly features: boolean;
  /** Whether options, lists or the software differ. */
  readonly setting: boolean;
}

const MARK = 'reelflow-analysed';
/** A page records it near its beginning. */
const HEAD_BYTES = 64 * 1024;

/**
 * What an analysis of features would be made from. Reads no vectors.
 *
 * @throws as `analyseFeatures`.
 */
export async function factsOfAnalysis(path: string, options: AnalyseFeaturesOptions): Promise<AnalysedFacts> {
  const table = await openFeatureTable(path, options);
  try {
    const { items, contents } = await table.identity();
    const lists = await Promise.all([options.movies, options.trailers, options.ratings].map(stampOf));
    const setting = canonicalJson({ ...optionsOfAnalysis(options), lists, software: softwareVersion() } as Json);
    return { items, contents, setting: sha256(setting) };
  } catch (error) {
    throw table.speaking(error);
  } finally {
    await table.close();
  }
}

/** The page with the record of what it was made from, which browsers do not show. */
export function withFacts(page: string, { items, contents, setting }: AnalysedFacts): string {
  const mark = `<meta name="${MARK}" content="${items} ${contents} ${setting}">`;
  return page.replace('</head>', () => `${mark}\n</head>`);
}

/** What the page in a file was made from; undefined if there is no such page. */
export async function factsInPage(path: string): Promise<AnalysedFacts | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const said = buffer.toString('latin1', 0, bytesRead);
    const found = new RegExp(`<meta name="${MARK}" content="(\\d+) (\\w+) (\\w+)">`).exec(said);
    if (found === null) return undefined;
    const [, items, contents = '', setting = ''] = found;
    return { items: Number(items), contents, setting };
  } finally {
    await file.close();
  }
}

/** What has changed; undefined if there is nothing to compare with. */
export function newSinceAnalysis(earlier: AnalysedFacts | undefined, now: AnalysedFacts): NewSinceAnalysis | undefined {
  if (earlier === undefined) return undefined;
  const items = now.items - earlier.items;
  return { items, features: now.contents !== earlier.contents, setting: now.setting !== earlier.setting };
}

/**
 * Size and time of a file, or of the files in a directory: they change when a list is rewritten.
 */
async function stampOf(path: string | undefined): Promise<Json> {
  if (path === undefined) return null;
  const of = async (file: string): Promise<Json> => {
    const { size, mtimeMs } = await stat(file);
    return [file, size, mtimeMs];
  };
  if (!(await stat(path)).isDirectory()) return of(path);
  return Promise.all((await readdir(path)).sort().map((name) => of(join(path, name))));
}
