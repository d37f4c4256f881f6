import { join } from 'node:path';
import { makeDirectory, replaceFile } from '../../src/core/atomic-file.ts';
import { type ExtractOptions, extract } from '../../src/graphs/extract.ts';
import { FilmStrips } from '../../src/graphs/reports/film-strips.ts';
import { RunRecord } from '../../src/graphs/reports/run-record.ts';
import { runReport } from '../../src/graphs/reports/run-report.ts';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { type StoryStep, writeFeaturesPage, writeStory } from './pages.ts';

/** What the demo made of somebody's own videos. */
export interface RealReport {
  readonly extraction: RunSummary;
  /** Path of the report. */
  readonly report: string;
}

/** The minimum number of rows for a layout. */
const LEAST_ROWS = 5;

/**
 * The demo over a folder of the user's own videos: extracts them, and shows what was decoded and
 * what is in the features. It recommends nothing, because nobody has rated them.
 *
 * @throws as `extract` and `analyseFeatures` do.
 */
export async function demonstrateReal(
  directory: string,
  videos: string,
  options: Omit<ExtractOptions, 'inputs' | 'manifest' | 'out'> = {},
): Promise<RealReport> {
  await makeDirectory(directory);
  const record = new RunRecord();
  const strips = new FilmStrips({ subclips: 10 });
  const features = join(directory, 'features');
  options.onMessage?.(
    `1. Your videos become numbers: pictures and sound of everything in ${videos} are decoded and embedded.`,
  );
  const extraction = await extract({
    ...options,
    ...{ inputs: [videos], out: features },
    onFrame: (frame, video) => strips.take(frame, video),
    onProgress: (progress) => {
      record.progress(progress);
      options.onProgress?.(progress);
    },
    onItem: (item) => {
      record.item(item);
      options.onItem?.(item);
    },
  });
  const shown = await strips.finish((message) => options.onMessage?.(message));
  await replaceFile(join(directory, 'run.html'), runReport(extraction, record, shown));
  const { committed, alreadyDone, dead } = extraction.videos;
  const steps: StoryStep[] = [
    {
      heading: 'Your videos become numbers',
      says: `${committed + alreadyDone} videos are in the dataset, ${dead} could not be decoded.`,
      page: 'run.html',
    },
  ];
  const rows = extraction.tables.reduce((least, table) => Math.min(least, table.rows), Number.POSITIVE_INFINITY);
  if (rows >= LEAST_ROWS && Number.isFinite(rows)) {
    options.onMessage?.('2. What is in the numbers: every part of every video is laid out in the plane.');
    steps.push({
      heading: 'What is in the numbers',
      says: 'Every part of every video as a point; nearby points are similar.',
      page: await writeFeaturesPage(directory, features, {
        signal: options.signal,
        onMessage: options.onMessage,
      }),
    });
  }
  const random = extraction.randomWeights;
  const report = await writeStory(
    directory,
    {
      title: `What reelflow sees in ${videos}`,
      warning:
        random.length > 0
          ? `${random.join(' and ')} had RANDOM weights: the distances here are meaningless outside a test.`
          : 'Nobody has rated these videos, so nothing is recommended.',
      summary: `From the videos in ${videos} to features, and a look at them.`,
    },
    steps,
  );
  return { extraction, report };
}
