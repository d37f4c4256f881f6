import { UsageError } from '../../src/core/errors.ts';
import { fetchCorpus } from '../../src/graphs/fetch/fetch.ts';
import type { FetchOptions } from '../../src/graphs/fetch/fetch-options.ts';
import { planFetch } from '../../src/graphs/fetch/fetch-plan.ts';
import { type FetchSummary, fetchFailures } from '../../src/graphs/fetch/fetch-summary.ts';
import { failureText, fetchProgressLine, fetchSummaryText } from '../fetch-text.ts';
import { catchInterrupts, drainNotice, type Interrupts } from '../interrupts.ts';
import { wordOf } from '../list-options.ts';
import type { Arguments, Command } from '../options.ts';
import { openProgressOf } from '../progress.ts';

/** `reelflow fetch`: each row of a list to the user's own downloader. */
export const command: Command = {
  name: 'fetch',
  usage: "--list CSV --out DIR --command '... {id} ... {out} ...' [options]  |  --failures DIR",
  does: 'hands each row of a trailer list to your own downloader, and makes a manifest for extract',
  options: {
    list: {
      type: 'string',
      value: 'CSV',
      does: 'ids in a column youtubeId, trailerId or id; movieId where it has one',
    },
    column: { type: 'string', value: 'NAME', does: 'the column of the ids, if it has another name' },
    out: { type: 'string', value: 'DIR', does: 'files, manifest.csv and records; an existing one is resumed' },
    command: {
      type: 'string',
      value: 'TEXT',
      does: 'the downloader; {id} is the id, {out} the path to write without extension; no shell: words are split, nothing else',
    },
    concurrency: { type: 'string', value: 'N', does: 'commands at a time (default 2)' },
    rate: { type: 'string', value: 'N/s|N/min|N/h', does: 'starts per time, retries included (default no limit)' },
    retries: { type: 'string', value: 'N', does: 'further attempts after one that failed (default 2)' },
    'retry-delay': {
      type: 'string',
      value: 'SECONDS',
      does: 'before the first retry, doubled before each further one (default 2)',
    },
    timeout: { type: 'string', value: 'SECONDS', does: 'a command that takes longer is killed (default 600)' },
    limit: { type: 'string', value: 'N', does: 'only the first N ids of the list' },
    'retry-failed': { type: 'boolean', does: 'tries again what failed in earlier runs (default: passed over)' },
    'no-check': { type: 'boolean', does: 'takes what was written without asking ffprobe whether it is audio or video' },
    'dry-run': { type: 'boolean', does: 'prints the commands as JSON, one line for each id, and starts none' },
    failures: { type: 'string', value: 'DIR', does: 'lists what failed there and why, and does nothing else' },
    progress: { type: 'string', value: 'line|ndjson|none', does: 'default: a line on a terminal, NDJSON elsewhere' },
    json: { type: 'boolean', does: 'prints one JSON summary on stdout' },
  },
  examples: [
    "reelflow fetch --list ml-youtube.csv --out trailers/ --rate 10/min --command \"yt-dlp --no-playlist -o '{out}.%(ext)s' 'https://www.youtube.com/watch?v={id}'\"",
    'reelflow fetch --failures trailers/',
    'reelflow extract --manifest trailers/manifest.csv --out features/',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  args.none('fetch');
  const failuresOf = args.text('failures');
  if (failuresOf !== undefined) {
    const other = Object.keys(command.options).find(
      (name) => !['failures', 'json'].includes(name) && (args.text(name) !== undefined || args.flag(name)),
    );
    if (other !== undefined) throw new UsageError(`\`--failures\` does nothing else: \`--${other}\` cannot go with it`);
    return listFailures(failuresOf, args.flag('json'));
  }
  const options: FetchOptions = {
    list: args.required('list'),
    column: args.text('column'),
    out: args.required('out'),
    command: args.required('command'),
    limit: args.integer('limit'),
    retryFailed: args.flag('retry-failed'),
    concurrency: args.integer('concurrency'),
    rate: args.text('rate'),
    retries: wholeNumber(args, 'retries'),
    retryDelay: args.notNegative('retry-delay'),
    timeout: args.positive('timeout'),
    check: !args.flag('no-check'),
  };
  const style =
    wordOf(args, 'progress', ['line', 'ndjson', 'none'] as const) ?? (process.stderr.isTTY ? 'line' : 'ndjson');
  if (args.flag('dry-run')) {
    for (const planned of await planFetch(options)) process.stdout.write(`${JSON.stringify(planned)}\n`);
    return 0;
  }
  const view = openProgressOf(style, process.stderr, fetchProgressLine);
  const [drain, stop] = [new AbortController(), new AbortController()];
  let interrupts: Interrupts | undefined;
  let summary: FetchSummary;
  try {
    summary = await fetchCorpus({
      ...options,
      drain: drain.signal,
      signal: stop.signal,
      // A list that comes from a pipe may be waited for, and then Ctrl-C is to end that as it does everywhere.
      onListed: () => {
        interrupts = catchInterrupts((line) => view.say(line), drainNotice('downloads'));
        interrupts.drain.addEventListener('abort', () => drain.abort());
        interrupts.stop.addEventListener('abort', () => stop.abort());
      },
      onProgress: (progress) => view.show(progress),
      onMessage: (message) => view.say(args.render(message)),
    });
  } finally {
    interrupts?.release();
    view.close();
  }
  process.stdout.write(args.flag('json') ? `${JSON.stringify(summary)}\n` : fetchSummaryText(summary));
  return exitCode(summary);
}

async function listFailures(directory: string, json: boolean): Promise<number> {
  const failures = await fetchFailures(directory);
  if (json) process.stdout.write(`${JSON.stringify({ failures })}\n`);
  else {
    for (const failure of failures) process.stdout.write(`${failureText(failure)}\n`);
    process.stdout.write(`${failures.length} failed\n`);
  }
  return 0;
}

/** A whole number of at least 0, or undefined. */
function wholeNumber(args: Arguments, name: string): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text))
    throw new UsageError(`\`--${name}\` must be a whole number of at least 0, but is '${text}'`);
  return Number(text);
}

/** 130 interrupted; 0 nothing failed, in this run or before; 1 everything failed; 3 some. */
function exitCode({ interrupted, ids }: FetchSummary): number {
  if (interrupted) return 130;
  if (ids.failed + ids.failedEarlier === 0) return 0;
  return ids.fetched + ids.alreadyThere === 0 ? 1 : 3;
}
