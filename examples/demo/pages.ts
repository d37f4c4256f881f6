import { join } from 'node:path';
import { replaceFile } from '../../src/core/atomic-file.ts';
import { analyseFeatures } from '../../src/graphs/analysis/analyse-features.ts';
import { analyseRatings } from '../../src/graphs/analysis/analyse-ratings.ts';
import { analysisPage } from '../../src/graphs/analysis/analysis-page.ts';
import { ratingsPage } from '../../src/graphs/analysis/ratings-page.ts';
import { experimentReport } from '../../src/graphs/reports/experiment-report.ts';
import { type Html, html, prose } from '../../src/io/report/html.ts';
import { pageHtml } from '../../src/io/report/page.ts';

/** The pages next to the report, and what its links to them say. */
const DETAILS = {
  'ratings.html': 'The ratings in detail',
  'run.html': 'The extraction in detail',
  'features.html': 'The features in detail',
  'experiment.html': 'The experiment in detail',
} as const;

/** A step of the demo, as shown in its report. */
export interface StoryStep {
  readonly heading: string;
  /** What was done and found, in plain words. */
  readonly says: string;
  /** The page with more details, next to the report. */
  readonly page?: keyof typeof DETAILS | undefined;
  readonly body?: Html | undefined;
}

/** Writes what is in features to a page in a directory; returns the page's name. */
export async function writeFeaturesPage(
  directory: string,
  features: string,
  options: Parameters<typeof analyseFeatures>[1],
): Promise<'features.html'> {
  await replaceFile(join(directory, 'features.html'), analysisPage(await analyseFeatures(features, options)));
  return 'features.html';
}

/** The same for ratings. */
export async function writeRatingsPage(directory: string, ratings: string): Promise<'ratings.html'> {
  await replaceFile(join(directory, 'ratings.html'), ratingsPage(await analyseRatings(ratings)));
  return 'ratings.html';
}

/** The same for an experiment. */
export async function writeExperimentPage(directory: string, experiment: string): Promise<'experiment.html'> {
  await replaceFile(join(directory, 'experiment.html'), await experimentReport(experiment));
  return 'experiment.html';
}

/** Writes the report of the demo, which links to the other pages; returns its path. */
export async function writeStory(
  directory: string,
  story: { readonly title: string; readonly warning: string; readonly summary: string },
  steps: readonly StoryStep[],
): Promise<string> {
  const path = join(directory, 'report.html');
  const page = pageHtml({
    ...{ title: story.title, warnings: [story.warning], summary: story.summary },
    sections: steps.map(({ heading, says, page: more, body }, place) => ({
      id: `step-${place + 1}`,
      heading: `${place + 1}. ${heading}`,
      body: html`<p>${prose(says)}</p>${body}${more && html`<p><a href="${more}">${DETAILS[more]}</a></p>`}`,
    })),
  });
  await replaceFile(path, page);
  return path;
}
