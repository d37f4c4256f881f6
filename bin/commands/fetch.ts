import { UsageError } from '../../src/core/errors.ts';
import { flagOf } from '../../src/graphs/experiment/experiment-keys.ts';
import { fetchCorpus } from '../../src/graphs/fetch/fetch.ts';
import type { FetchOptions } from '../../src/graphs/fetch/fetch-options.ts';
import { planFetch } from '../../src/graphs/fetch/fetch-plan.ts';
import { type FetchSummary, fetchFailures } from '../../src/graphs/fetch/fetch-summary.ts';
import type { FailedRecord } from '../../src/io/fetch/fetch-record.ts';
import { defineCommand } from '../command.ts';
import type { Console } from '../console.ts';
import { failureText, fetchProgressLine, fetchSummaryText } from '../fetch-text.ts';
import { catchInterrupts, drainNotice, type Interrupts } from '../interrupts.ts';
import { flag, integer, missingOption, notNegative, type OptionTable, positive, text } from '../option-table.ts';
import { outputDirectory } from '../output-options.ts';
import { fetchesToldTo } from '../told-to.ts';

const options = {
  list: text('CSV', 'ids in a column youtubeId, trailerId or id; movieId if there is one'),
  column: text('NAME', 'the column of the ids, if it has a different name'),
  out: outputDirectory('files, manifest.csv and records; an existing one is resumed'),
  command: text(
    'TEXT',
    'the downloader; {id} is the id, {out} the path to write without extension; the command is only split into words, without a shell',
  ),
  concurrency: integer('N', 'commands run at the same time', '2'),
  rate: text('N/s|N/min|N/h', 'rate limit of starts, retries included', 'no limit'),
  retries: integer('N', 'retries of a failed command', '2', 0),
  retryDelay: notNegative('SECONDS', 'wait before the first retry, doubled for each further one', '2'),
  timeout: positive('SECONDS', 'a command that takes longer is killed', '600'),
  limit: integer('N', 'only the first N ids of the list'),
  retryFailed: flag('retries what failed in earlier runs, which is skipped otherwise'),
  noCheck: flag('does not check with ffprobe that the files are audio or video'),
  dryRun: flag('prints the commands as JSON, one per line, without running them'),
  failures: text('DIR', 'only lists what failed there, and why'),
} satisfies OptionTable<FetchOptions & { noCheck: boolean; dryRun: boolean; failures: string }>;

/** `reelflow fetch`: passes each row of a list to the user's own downloader. */
export const command = defineCommand({
  name: 'fetch',
  operands: [],
  usage: "--list CSV --out DIR --command '... {id} ... {out} ...' [options]  |  --failures DIR",
  does: 'runs your own downloader for each row of a trailer list, and writes a manifest for extract',
  options,
  examples: [
    "reelflow fetch --list ml-youtube.csv --out trailers/ --rate 10/min --command \"yt-dlp --no-playlist -o '{out}.%(ext)s' 'https://www.youtube.com/watch?v={id}'\"",
    'reelflow fetch --failures trailers/',
    'reelflow extract --manifest trailers/manifest.csv --out features/',
  ],
  async run({ failures, dryRun = false, noCheck = false, ...values }, { console }) {
    if (failures !== undefined) {
      const [other] = [...Object.keys(values), ...(dryRun ? ['dryRun'] : []), ...(noCheck ? ['noCheck'] : [])];
      if (other !== undefined) {
        throw new UsageError(`\`--failures\` only lists failures: \`--${flagOf(other)}\` cannot be used with it`);
      }
      console.result({ failures: await fetchFailures(failures) }, failuresText);
      return 0;
    }
    const { list, out, command: downloader } = values;
    if (!list) throw missingOption('list');
    if (!out) throw missingOption('out');
    if (!downloader) throw missingOption('command');
    const source = { ...values, list, out, command: downloader, check: !noCheck };
    if (dryRun) {
      for (const planned of await planFetch(source)) process.stdout.write(`${JSON.stringify(planned)}\n`);
      return 0;
    }
    console.stage('reading the list');
    const summary = await fetchUntilStopped(source, console);
    console.result(summary, fetchSummaryText, {
      isNews: summary.ids.fetched + summary.ids.failed > 0 || summary.interrupted,
    });
    return exitCode(summary);
  },
});

async function fetchUntilStopped(source: FetchOptions, console: Console): Promise<FetchSummary> {
  const [drain, stop] = [new AbortController(), new AbortController()];
  let interrupts: Interrupts | undefined;
  try {
    return await fetchCorpus({
      ...source,
      drain: drain.signal,
      signal: stop.signal,
      // A list from a pipe may be slow to arrive, and Ctrl-C must end that wait as it does anywhere
      // else.
      onListed: () => {
        interrupts = catchInterrupts(console, drainNotice('downloads'));
        interrupts.drain.addEventListener('abort', () => drain.abort());
        interrupts.stop.addEventListener('abort', () => stop.abort());
      },
      onProgress: (progress) => console.progress(progress, fetchProgressLine),
      ...fetchesToldTo(console),
    });
  } finally {
    interrupts?.release();
  }
}

function failuresText({ failures }: { readonly failures: readonly FailedRecord[] }): string {
  return [...failures.map(failureText), `${failures.length} failed\n`].join('\n');
}

/**
 * 130: interrupted. 0: nothing failed, in this run or an earlier one. 1: everything failed. 3: some
 * failed.
 */
function exitCode({ interrupted, ids }: FetchSummary): number {
  if (interrupted) return 130;
  if (ids.failed + ids.failedEarlier === 0) return 0;
  return ids.fetched + ids.alreadyThere === 0 ? 1 : 3;
}
