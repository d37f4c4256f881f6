import { dirname, join, resolve } from 'node:path';
import { makeDirectory, replaceFile } from '../src/core/atomic-file.ts';
import { figuresOf } from '../src/io/report/page-figures.ts';
import { required } from './option-table.ts';
import { outputDirectory, outputPage } from './output-options.ts';

/** The directory for the figures of a page, for every command that writes one. */
export const figuresOption = outputDirectory('also each figure of the page, as an SVG file');

/** The page, for the commands that write nothing else. */
export const pageOption = required(outputPage('the page, one self-contained HTML file (.html)'));

/**
 * Writes a page, and before it each of its figures as a file if a directory is given: where there
 * is a page, there are its figures.
 */
export async function writePage(page: string, path: string, figures?: string): Promise<void> {
  if (figures !== undefined) {
    await makeDirectory(resolve(figures));
    for (const [name, svg] of figuresOf(page)) await replaceFile(join(resolve(figures), name), svg);
  }
  await makeDirectory(dirname(resolve(path)));
  await replaceFile(resolve(path), page);
}
