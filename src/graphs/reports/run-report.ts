import { type Html, html, type Piece, prose } from '../../io/report/html.ts';
import { type PageSection, pageHtml } from '../../io/report/page.ts';
import { curvesFigure, type Series } from '../../io/report/series-figures.ts';
import { counted, figureHtml, tableHtml } from '../../io/report/table.ts';
import { formatBytes } from '../../operators/budget.ts';
import type { RunSummary } from '../run-summary.ts';
import { committedWords } from './committed-words.ts';
import type { FilmStrip } from './film-strips.ts';
import type { RunRecord } from './run-record.ts';

const MiB = 2 ** 20;

/**
 * The page of an extraction: what was decoded, what failed and why, which operator was the
 * bottleneck and when, and memory against its limit. A single, self-contained HTML file.
 *
 * @param record what was recorded during the run; figures over time are left out if it is empty.
 * @param strips pictures of its items, see `FilmStrips`.
 * @example
 * const record = new RunRecord();
 * const onItem = (report: ItemReport) => record.item(report);
 * const summary = await extract({ inputs: ['trailers/'], out: 'features/', onItem });
 * await writeFile('run.html', runReport(summary, record));
 */
export function runReport(summary: RunSummary, record: RunRecord, strips: readonly FilmStrip[] = []): string {
  const { alreadyDone, skipped, dead } = summary.videos;
  const random = summary.randomWeights;
  return pageHtml({
    title: `Extraction ${summary.graphId.slice(0, 12)}${random.length > 0 ? ' (RANDOM weights)' : ''}`,
    warnings: [
      ...(random.length > 0 ? [`${random.join(' and ')} had random weights: the features are meaningless.`] : []),
      ...(summary.interrupted
        ? [`Interrupted with ${counted(summary.left, 'item')} left; the same command continues.`]
        : []),
      ...(summary.failure === undefined ? [] : [`The tables were not written: ${summary.failure.message}`]),
    ],
    summary: `${committedWords(summary.videos)}, ${alreadyDone} already done, ${skipped} skipped, ${dead} dead, in ${summary.wallSeconds.toFixed(1)} s.`,
    sections: [
      { id: 'decoded', heading: 'What was decoded', body: decodedBody(summary, record) },
      ...(strips.length > 0
        ? [{ id: 'pictures', heading: 'What it looks like', body: stripsBody(strips, summary) }]
        : []),
      ...(summary.dead.length > 0
        ? [{ id: 'dead', heading: 'What could not be decoded', body: deadBody(summary) }]
        : []),
      { id: 'time', heading: 'Where the time went', body: timeBody(summary, record) },
      { id: 'memory', heading: 'Memory against its limit', body: memoryBody(summary, record) },
    ] satisfies PageSection[],
  });
}

function decodedBody(summary: RunSummary, { items, more }: RunRecord): Html {
  const { frames, patches, videoSeconds, wallSeconds, duplicates, tables } = summary;
  const rate = (count: number) => (wallSeconds > 0 ? (count / wallSeconds).toFixed(1) : '-');
  const rows = byId(items).flatMap((item): Piece[][] => {
    if (item.type === 'committed') {
      const how = item.cached ? 'from the cache' : item.renamed ? 'renamed' : item.partial ? 'partially' : 'fully';
      return [[item.item, how, item.seconds.toFixed(1), item.frames, item.patches, item.notes.join('; ')]];
    }
    return item.type === 'skipped' ? [[item.item, 'skipped', '-', '-', '-', item.reason]] : [];
  });
  return html`${tableHtml(
    'This run in numbers',
    ['what', 'how many', 'per second'],
    [
      ['Seconds of media', videoSeconds.toFixed(1), rate(videoSeconds)],
      ['Frames', counted(frames), rate(frames)],
      ['Audio patches', counted(patches), rate(patches)],
      ['Frames that took the vector of an equal one', counted(duplicates.frames), '-'],
      ['Rows in the tables', counted(tables.reduce((sum, { rows: own }) => sum + own, 0)), '-'],
    ],
  )}${
    rows.length === 0
      ? undefined
      : html`${tableHtml('Items', ['item', 'decoded', 'seconds', 'frames', 'patches', 'what is odd'], rows)}${
          more > 0
            ? html`<p class="note">Those that ended first are listed (${counted(items.length)}); there were ${counted(more)} more.</p>`
            : undefined
        }`
  }`;
}

function stripsBody(strips: readonly FilmStrip[], { videos: { committed, cached, renamed, dead } }: RunSummary): Html {
  const decoded = committed - cached - renamed + dead;
  return html`<p>The frame at the middle of each subclip, as the network saw it${
    decoded > strips.length ? `; the first ${strips.length} items are shown` : ''
  }. Below each its subclip, from 0, and its time.</p>
<div class="strips">${byId(strips).map(
    ({ item, pictures }) =>
      html`<figure><figcaption>${item}</figcaption><ol>${pictures.map(
        ({ subclip, time, width, height, jpeg }) =>
          html`<li><img src="data:image/jpeg;base64,${Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length).toString('base64')}" width="${width}" height="${height}" alt="${item}, subclip ${subclip}"><span>${subclip}: ${clock(time)}</span></li>`,
      )}</ol></figure>`,
  )}</div>`;
}

/** In the order of their ids, whichever was finished first; numbers in ids count as numbers. */
function byId<Each extends { readonly item: string }>(list: readonly Each[]): Each[] {
  return [...list].sort((one, other) => one.item.localeCompare(other.item, 'en', { numeric: true }));
}

/** Formats seconds as minutes and seconds. */
function clock(seconds: number): string {
  const tenths = Math.round(10 * seconds);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}

function deadBody({ dead }: RunSummary): Html {
  const codes = new Map<string, number>();
  for (const { code } of dead) codes.set(code, (codes.get(code) ?? 0) + 1);
  return html`${tableHtml(
    'Dead letters by code',
    ['code', 'items'],
    [...codes].sort(([, one], [, other]) => other - one).map(([code, count]) => [code, count]),
  )}${tableHtml(
    'Dead letters, in the words of what failed',
    ['item', 'code', 'message'],
    byId(dead)
      .sort((one, other) => Number(one.code > other.code) - Number(one.code < other.code))
      .map(({ item, code, message }) => [item, code, prose(message)]),
  )}<p class="note">They are not retried until <code>dead retry</code> marks them for it.</p>`;
}

function timeBody({ operators }: RunSummary, record: RunRecord): Html {
  const busiest = operators.reduce<string | undefined>(
    (most, { name, busySeconds }) =>
      busySeconds > (operators.find((each) => each.name === most)?.busySeconds ?? -1) ? name : most,
    undefined,
  );
  const share = (part: number, whole: number) => `${((100 * part) / Math.max(whole, 1e-9)).toFixed(0)} %`;
  const series = busySeries(
    operators.map(({ name }) => name),
    record,
  );
  return html`${
    series.some(({ points }) => points.length > 1)
      ? figureHtml(
          curvesFigure(
            series,
            { figure: 'How busy each operator was', x: 'seconds since the start', y: 'share of the time' },
            { y: [0, 1], width: 620 },
          ),
          'The share of each interval in which an operator worked: the highest curve is the bottleneck at that moment.',
        )
      : undefined
  }${tableHtml(
    'Operators over the whole run',
    ['operator', 'busy', 'starved', 'blocked', 'in', 'out', 'batch fill', 'note'],
    operators.map(({ name, busySeconds, starvedSeconds, blockedSeconds, wallSeconds, in: taken, out, batchFill }) => [
      name,
      ...[busySeconds, starvedSeconds, blockedSeconds].map((part) => share(part, wallSeconds)),
      ...[counted(taken), counted(out), batchFill === undefined ? '-' : share(batchFill, 1)],
      name === busiest ? 'bottleneck' : '',
    ]),
  )}<p class="note">Busy: it worked. Starved: it had nothing to do. Blocked: what comes after it, or the memory budget, held it up.</p>`;
}

/** The share of each interval between two moments in which an operator was busy. */
function busySeries(names: readonly string[], { moments }: RunRecord): Series[] {
  return names.map((name) => ({
    name,
    points: moments.flatMap((moment, at) => {
      const before = moments[at - 1] ?? { seconds: 0, busy: new Map<string, number>() };
      const seconds = moment.seconds - before.seconds;
      if (seconds <= 0) return [];
      const busy = (moment.busy.get(name) ?? 0) - (before.busy.get(name) ?? 0);
      return [{ x: moment.seconds, y: Math.max(0, Math.min(1, busy / seconds)) }];
    }),
  }));
}

function memoryBody({ memory, operators }: RunSummary, { moments }: RunRecord): Html {
  const { limitBytes, budgetBytes, peakHeldBytes, peakRssBytes } = memory;
  const series = [
    { name: 'held', points: moments.map(({ seconds, heldBytes }) => ({ x: seconds, y: heldBytes / MiB })) },
    { name: 'budget', points: moments.map(({ seconds, budgetBytes: bytes }) => ({ x: seconds, y: bytes / MiB })) },
  ];
  return html`${tableHtml(
    'Memory',
    ['what', 'peak', 'limit', 'share'],
    [
      ['Process and decoders together', ...against(peakRssBytes, limitBytes)],
      ['Held between operators', ...against(peakHeldBytes, budgetBytes)],
    ],
  )}${
    moments.length > 1
      ? figureHtml(
          curvesFigure(
            series,
            { figure: 'Memory held between operators', x: 'seconds since the start', y: 'MiB' },
            { width: 620 },
          ),
          'How much frames, patches and vectors between operators held, and how much they may hold.',
        )
      : undefined
  }${tableHtml(
    'Most that each operator held',
    ['operator', 'peak'],
    operators.filter(({ peakBytes }) => peakBytes > 0).map(({ name, peakBytes }) => [name, formatBytes(peakBytes)]),
  )}`;
}

function against(bytes: number, limit: number): [string, string, string] {
  return [formatBytes(bytes), formatBytes(limit), `${((100 * bytes) / Math.max(1, limit)).toFixed(0)} %`];
}
