import { dirname, join, resolve } from 'node:path';
import { makeDirectory, replaceFile } from '../src/core/atomic-file.ts';
import { figuresOf } from '../src/io/report/page-figures.ts';
import { required } from './option-table.ts';
import { outputDirectory, outputPage } from './output-options.ts';

/** Where a page's figures go, for every command that writes one. */
export const figuresOption = outputDirectory('each figure of the page as an SVG file too');

/** Where a page goes, of the commands that make nothing else. */
export const pageOption = required(outputPage('the page, one HTML file (.html) that needs nothing else'));

/** Writes a page, and each of its figures as a file where a directory is named. */
export async function writePage(page: string, path: string, figures?: string): Promise<void> {
  await makeDirectory(dirname(resolve(path)));
  await replaceFile(resolve(path), page);
  if (figures === undefined) return;
  await makeDirectory(resolve(figures));
  for (const [name, svg] of figuresOf(page)) await replaceFile(join(resolve(figures), name), svg);
}
