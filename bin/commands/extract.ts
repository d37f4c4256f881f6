import { UsageError } from '../../src/core/errors.ts';
import { explainText } from '../../src/graphs/explain.ts';
import { extract } from '../../src/graphs/extract.ts';
import { plannedExtraction } from '../../src/graphs/planned-extraction.ts';
import { FilmStrips } from '../../src/graphs/reports/film-strips.ts';
import { RunRecord } from '../../src/graphs/reports/run-record.ts';
import type { RunSummary } from '../../src/graphs/run-summary.ts';
import { type Tuning, tune } from '../../src/graphs/tuning/tune.ts';
import { repeatedFrameRules } from '../../src/operators/embed.ts';
import { defineCommand } from '../command.ts';
import { extractionOptions, storageOptions } from '../extraction-options.ts';
import { catchInterrupts, drainNotice } from '../interrupts.ts';
import { flag, required, text, word } from '../option-table.ts';
import { outputDataset, outputPage } from '../output-options.ts';
import { progressLine } from '../progress.ts';
import { queueOptions } from '../queue-options.ts';
import { shardOptions } from '../shard-options.ts';
import { isNews, summaryText } from '../summary.ts';
import { extractionToldTo, toldTo, warnOfRoom } from '../told-to.ts';
import { writePage } from '../write-page.ts';

const options = {
  out: required(
    outputDataset(
      'output dataset, a directory or s3://bucket/prefix; an existing one of the same graph is resumed; - is stdout',
    ),
  ),
  ...extractionOptions,
  allowPartial: flag('keeps what could be decoded from a damaged file, and marks it as partial'),
  allowDead: flag('exits 0 even if there are dead letters'),
  cache: text(
    'URI|none',
    'cache of finished units, shared between datasets: an SQLite file, redis://, postgresql://',
    'none',
  ),
  format: word(
    ['parquet', 'arrow'],
    'Parquet tables beside the units, or the Arrow units alone; arrow with --out - streams them to stdout',
    'parquet',
  ),
  noCompact: flag('does not write the Parquet tables; `reelflow compact` writes them later'),
  report: outputPage('a page of what was decoded, what failed, and what slowed the run down'),
  ...storageOptions,
  ...shardOptions,
  ...queueOptions,
  dryRun: flag('reports what explain reports, and what the dataset already has; decodes and writes nothing'),
  tune: flag(
    'first finds the fastest concurrency, batch and workers on a sample of the inputs, then runs with them and says how to pin them',
  ),
  metricsPort: text(
    'PORT|HOST:PORT',
    'serves /metrics for Prometheus, and /healthz, while it runs; a port without a host is on the loopback address, and port 0 is any free one',
    'none',
  ),
  repeatedFrames: {
    ...word(
      repeatedFrameRules,
      'once: a frame equal to a recent one of its video reuses its vector; compute: it is computed again; the values are the same',
      'once',
    ),
    formerly: ['duplicates'],
  },
};

/** `reelflow extract`: videos to a feature dataset. */
export const command = defineCommand({
  name: 'extract',
  operands: ['INPUT...'],
  usage: 'INPUT... --out DIR|- [options]',
  does: 'videos (files, directories, globs, or a manifest) to a feature dataset',
  options,
  examples: [
    'reelflow extract trailers/ --out features/ --memory 1GiB',
    'reelflow extract trailers/*.mp4 --out features/ --subclips 10,20 --statistic mean,medmad',
    'reelflow extract clip.mp4 --out features/ --visual squeezenet/card.json --audio none --fps 2',
    'reelflow extract trailers/ --out features/ --cache sqlite:///var/cache/reelflow.sqlite',
    'reelflow extract trailers/ --out features/ --shard 0/3 --steal    (1/3 and 2/3: on other machines, or beside it)',
    'reelflow extract trailers/ --out features/ --runner bullmq --queue redis://queue:6379    (computed by `reelflow worker`s)',
    'reelflow extract trailers/ --format arrow --out - | reader    (one record batch per video; nothing is kept to resume from)',
  ],
  async run(
    { allowDead = false, format, noCompact = false, report, dryRun, tune: isTuned, ...values },
    { operands, json, console },
  ) {
    const directory = values.out === '-' ? undefined : values.out;
    if (dryRun) {
      if (isTuned) throw tunesNothing();
      const { onStage } = extractionToldTo(console);
      const planned = await plannedExtraction({
        ...values,
        inputs: operands,
        out: directory,
        estimatesTime: true,
        onStage,
      });
      warnOfRoom(console, planned);
      console.result(planned, (shown) => explainText(planned, shown));
      return 0;
    }
    checkOutput(values.out, format, json);
    const interrupts = catchInterrupts(console, drainNotice('videos'));
    const record = new RunRecord();
    const strips = report === undefined ? undefined : stripsOf(values);
    const listeners = extractionToldTo(console);
    let summary: RunSummary;
    let tuning: Tuning | undefined;
    let acceptedDead = 0;
    try {
      const stops = { drain: interrupts.drain, signal: interrupts.stop };
      const { out: _, ...tuned } = values;
      if (isTuned)
        tuning = await tune({ ...tuned, inputs: operands, ...stops, ...toldTo(console), onStage: listeners.onStage });
      summary = await extract({
        ...{ ...values, ...tuning?.setting, ...stops },
        inputs: operands,
        out: directory ?? process.stdout,
        compact: directory !== undefined && format !== 'arrow' && !noCompact,
        ...listeners,
        onProgress: (progress) => {
          record.progress(progress);
          const { operators: _, ...shown } = progress;
          console.progress(shown, progressLine);
        },
        onFrame: strips && ((frame, video) => strips.take(frame, video)),
        onItem: (item) => {
          record.item(item);
          if (allowDead && item.type === 'dead' && item.earlier) acceptedDead += 1;
          listeners.onItem(item);
        },
      });
    } finally {
      interrupts.release();
    }
    const shown = await strips?.finish((message) => console.warn(message));
    if (report !== undefined) {
      // Not before: what draws the page takes 20 MiB, which a run's memory plan does not count.
      const { runReport } = await import('../../src/graphs/reports/run-report.ts');
      await writePage(runReport(summary, record, shown), report);
    }
    console.result({ ...summary, tuning }, (made) => summaryText(made, directory), {
      to: directory === undefined ? 'err' : 'out',
      isNews: isNews(summary, acceptedDead),
    });
    return exitCode(summary, allowDead);
  },
});

/** The error for a dry run that is asked to tune. */
function tunesNothing(): UsageError {
  return new UsageError('`--tune` decodes some of the inputs, but `--dry-run` decodes nothing', {
    option: 'tune',
    remedy: 'Give one of them. Tuning writes nothing either; the run after it can be interrupted.',
  });
}

/** Pictures of the subclips of the first cut, for the report. */
function stripsOf({ subclips: [subclips] = [], subclipSeconds: [seconds] = [] }: Cuts): FilmStrips {
  return new FilmStrips(subclips === undefined && seconds !== undefined ? { seconds } : { subclips: subclips ?? 10 });
}

interface Cuts {
  readonly subclips?: readonly number[] | undefined;
  readonly subclipSeconds?: readonly number[] | undefined;
}

/** @throws UsageError when the features cannot be written to that output. */
function checkOutput(out: string, format: string | undefined, json: boolean): void {
  if (out !== '-') return;
  if (format !== 'arrow') {
    throw new UsageError('`--out -` writes an Arrow stream to stdout, and needs `--format arrow`', {
      remedy: 'Add --format arrow, or name a directory (./- for one of that name).',
    });
  }
  if (json) {
    throw new UsageError('`--json` and `--out -` both write to stdout', {
      remedy: 'Omit --json: the summary goes to stderr as text, and with --progress ndjson as an event.',
    });
  }
  if (process.stdout.isTTY) {
    throw new UsageError('`--out -` writes binary data, but stdout is a terminal', {
      remedy: 'Pipe it into a program that reads Arrow, or redirect it to a file.',
    });
  }
}

/**
 * 130: interrupted. 0: the reader of the stream went away, or nothing is dead, or dead items are
 * allowed. 1: the tables could not be written, or every input is dead. 3: some inputs are dead.
 */
export function exitCode(summary: RunSummary, allowDead: boolean): number {
  if (summary.interrupted) return 130;
  if (summary.readerGone) return 0;
  if (summary.failure !== undefined) return 1;
  const { committed, alreadyDone, skipped, dead } = summary.videos;
  if (dead === 0 || allowDead) return 0;
  return committed + alreadyDone + skipped === 0 ? 1 : 3;
}
