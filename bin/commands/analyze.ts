import { existsSync } from 'node:fs';
import { FlowError, UsageError } from '../../src/core/errors.ts';
import {
  analyseFeatures,
  type FeatureAnalysis,
  type PlannedAnalysis,
  plannedAnalysis,
} from '../../src/graphs/analysis/analyse-features.ts';
import { analyseRatings, type RatingAnalysis } from '../../src/graphs/analysis/analyse-ratings.ts';
import { ANALYSIS_STEPS, type AnalysisProgress } from '../../src/graphs/analysis/analyse-stream.ts';
import { analysisJson } from '../../src/graphs/analysis/analysis-json.ts';
import { analysisPage } from '../../src/graphs/analysis/analysis-page.ts';
import {
  factsInPage,
  factsOfAnalysis,
  type NewSinceAnalysis,
  newSinceAnalysis,
  withFacts,
} from '../../src/graphs/analysis/earlier-analysis.ts';
import { ratingsPage } from '../../src/graphs/analysis/ratings-page.ts';
import { writePoints } from '../../src/graphs/analysis/write-points.ts';
import { SCENARIO_KINDS } from '../../src/io/ratings/scenario-kinds.ts';
import { statisticNames } from '../../src/operators/statistics.ts';
import { defineCommand } from '../command.ts';
import type { Console } from '../console.ts';
import { yearsOf } from '../experiment-options.ts';
import { untilInterrupted } from '../interrupts.ts';
import { flag, integer, listOf, parsed, positive, text, word, words } from '../option-table.ts';
import { outputDirectory } from '../output-options.ts';
import { toldTo } from '../told-to.ts';
import { figuresOption, pageOption, writePage } from '../write-page.ts';

/** `reelflow analyze`: a page that shows what is in features, or in ratings. */
export const command = defineCommand({
  name: 'analyze',
  operands: ['[DIR|FILE]'],
  does: 'shows what is in features (a dataset or a training store), or in ratings, as one HTML page',
  options: {
    out: pageOption,
    figures: figuresOption,
    points: outputDirectory('each layout as a Parquet file: x, y, item, subclip, genre, text'),
    ratings: text(
      'DIR',
      'a MovieLens directory: on its own, its ratings are analysed; with features, its genres and mean ratings are used',
    ),
    movies: text('FILE', 'titles and genres of the items', "the ratings' list"),
    trailers: text('FILE', 'maps trailers to items, if the features have trailer ids'),
    subclips: integer('N', 'which number of subclips, if the dataset has several'),
    subclipSeconds: positive('SECONDS', 'the same for subclips of a fixed length'),
    statistic: word(statisticNames, 'which statistic, if the dataset has several'),
    streams: parsed('NAMES', 'streams to analyse', listOf, 'all'),
    neighbours: integer('N', 'neighbours of a point in the layout', '15', 2),
    minDistance: positive('D', 'minimum distance between points in the layout', '0.1'),
    innerRule: word(
      ['nearest', 'axis'] as const,
      'inner third of a group: nearest to its median, or between percentiles of both axes',
      'nearest',
    ),
    years: parsed('FROM-TO', 'for ratings only: also counts only movies of these years', yearsOf),
    withFeatures: text('FILE', 'for ratings only: only movies with features in this training store'),
    items: integer('N', 'for ratings only: only the N movies with the most ratings'),
    users: integer('N', 'for ratings only: only the N users with the most ratings'),
    perUser: integer('N', 'for ratings only: only N ratings of each user, drawn with the seed'),
    scenarios: words('NAMES', SCENARIO_KINDS, 'for ratings only: scenarios whose training ratings are also counted'),
    seed: integer('N', 'seed of all random draws', '1', 0),
    dryRun: flag('opens everything and reports what would be analysed; writes nothing'),
    skipBadLines: flag('skips bad lines of ratings and counts them'),
  },
  examples: [
    'reelflow analyze reduced/ --ratings ml-latest-small/ --trailers ml-youtube.csv --out report.html',
    'reelflow analyze items.arrow --movies ml-latest-small/movies.csv --out report.html',
    'reelflow analyze reduced/ --out report.html --figures figures/ --points points/',
    'reelflow analyze --ratings ml-latest-small/ --out ratings.html',
    'reelflow analyze --ratings ml-20m/ --years 1970-2015 --per-user 20 --scenarios non-cold,hard-cold --out ratings.html',
  ],
  async run({ out, figures, points, dryRun = false, ...options }, { operands: [path], console }) {
    if (path === undefined) {
      if (options.ratings === undefined) {
        throw new UsageError('there is nothing to analyse', {
          remedy: 'Name a dataset or a training store, or give `--ratings`.',
        });
      }
      console.stage('reading ratings');
      const { ratings, skipBadLines, trailers, years, withFeatures, items, users, perUser, scenarios, seed } = options;
      return untilStopped(console, async (signal) => {
        const analysis = await analyseRatings(ratings, {
          ...{ skipBadLines, trailers, years, withFeatures, items, users, perUser, scenarios, seed },
        });
        checkNotStopped(signal);
        return async () => {
          if (!dryRun) await writePage(ratingsPage(analysis), out, figures);
          console.result(ratingNumbers(analysis), () => ratingsText(analysis, shownBy(out, dryRun)));
        };
      });
    }
    if (dryRun) {
      console.result(await plannedAnalysis(path, options), (planned) => plannedText(planned, out));
      return 0;
    }
    return untilStopped(console, async (signal) => {
      const facts = await factsOfAnalysis(path, options);
      const since = newSinceAnalysis(await factsInPage(out), facts);
      const hasAll = [figures, points].every((each) => each === undefined || existsSync(each));
      if (since !== undefined && !since.features && !since.setting && hasAll) {
        return async () =>
          console.result({ path, out, alreadyAnalysed: true }, () => `nothing has changed: ${shownBy(out)}\n`, {
            isNews: false,
          });
      }
      const analysis = await analyseFeatures(path, {
        ...options,
        signal,
        onProgress: (progress) => console.progress(progress, progressLine),
        ...toldTo(console),
      });
      checkNotStopped(signal);
      return async () => {
        if (points !== undefined) await writePoints(analysis, points);
        // Last, because the page says what has been analysed.
        await writePage(withFacts(analysisPage(analysis), facts), out, figures);
        console.result({ ...analysisJson(analysis), since }, () => featuresText(analysis, out, since));
      };
    });
  },
});

/** Milliseconds after an interrupt within which the analysis ends, whatever it is computing. */
const STOP_WITHIN = 1000;

/**
 * Runs an analysis, which an interrupt stops at any moment, and then what it returns, which writes
 * the results.
 */
async function untilStopped(
  console: Console,
  analyse: (signal: AbortSignal) => Promise<() => Promise<void>>,
): Promise<number> {
  const writes: (() => Promise<void>)[] = [];
  const work = async (signal: AbortSignal) => {
    writes.push(await analyse(signal));
    return 0;
  };
  const code = await untilInterrupted(console, 'stopping; nothing is written', work, STOP_WITHIN);
  for (const write of writes) await write();
  return code;
}

/** @throws FlowError `aborted` */
function checkNotStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new FlowError('aborted', 'the analysis was stopped');
}

const STEPS: Readonly<Record<AnalysisProgress['step'], string>> = {
  components: 'principal components',
  neighbours: 'neighbours',
  layout: 'layout',
  measures: 'measures',
};

function progressLine({ stream, step, epoch, epochs }: AnalysisProgress): string {
  const done =
    epoch === undefined || epochs === undefined
      ? ''
      : `, ${Math.floor((100 * epoch) / epochs)} % (${epoch} of ${epochs} rounds)`;
  return `${stream}: step ${1 + ANALYSIS_STEPS.indexOf(step)} of ${ANALYSIS_STEPS.length}, ${STEPS[step]}${done}`;
}

function shownBy(out: string, dryRun = false): string {
  return dryRun ? `${out} would show it` : `${out} shows it`;
}

function plannedText({ streams, statistic }: PlannedAnalysis, out: string): string {
  const lines = streams.map(
    ({ name, dimension }) => `${name}: ${dimension} values${statistic === undefined ? '' : `, ${statistic}`}`,
  );
  return `${[...lines, shownBy(out, true)].join('\n')}\n`;
}

function ratingNumbers({ sparsity: _, items, raters, genrePairs, genreShares, ...rest }: RatingAnalysis): object {
  const tail = ({ counts, shareOfHead }: RatingAnalysis['items']) => ({ counts: Array.from(counts), shareOfHead });
  const matrices = { genrePairs: Array.from(genrePairs), genreShares: Array.from(genreShares) };
  return { ...rest, ...matrices, items: tail(items), raters: tail(raters) };
}

function ratingsText({ parts, density }: RatingAnalysis, shown: string): string {
  return `${[
    `${(100 * density).toFixed(2)} % of all pairs of user and movie are rated`,
    ...parts.flatMap(({ name, ratings, movies, users, mean, thresholds }) => [
      `${name}: ${ratings} ratings of ${movies} movies by ${users} users, mean ${mean.toFixed(3)}`,
      ...thresholds.map(
        ({ threshold, above, atLeast }) =>
          `  above ${threshold}: ${(100 * above).toFixed(1)} %, at least: ${(100 * atLeast).toFixed(1)} %; the mean is ${mean > threshold ? 'above' : 'not above'}`,
      ),
    ]),
    shown,
  ].join('\n')}\n`;
}

function featuresText({ streams }: FeatureAnalysis, out: string, since: NewSinceAnalysis | undefined): string {
  const lines = streams.map(({ stream, rows, items, faithfulness, genrePrediction, ratingProbe, random }) =>
    [
      `${stream}: ${rows} rows of ${items} items${random ? ', RANDOM weights' : ''}`,
      `trustworthiness ${faithfulness.trustworthiness.toFixed(3)}`,
      ...(genrePrediction === undefined
        ? []
        : [
            `genre from neighbours: AUC ${genrePrediction.macroAuc.toFixed(3)} (chance ${genrePrediction.shuffled.mean.toFixed(3)})`,
          ]),
      ...(ratingProbe === undefined ? [] : [`mean rating: R2 ${ratingProbe.r2.toFixed(3)}`]),
    ].join('; '),
  );
  return `${[...lines, ...sinceText(since), shownBy(out)].join('\n')}\n`;
}

function sinceText(since: NewSinceAnalysis | undefined): string[] {
  if (since === undefined) return [];
  const items = since.items > 0 ? [`+${since.items} items`] : since.items < 0 ? [`${since.items} items`] : [];
  const features = since.features && since.items === 0 ? ['other features'] : [];
  const setting = since.setting ? ['other options, lists or version'] : [];
  return [`since the last time: ${[...items, ...features, ...setting].join(', ') || 'figures or points are missing'}`];
}
