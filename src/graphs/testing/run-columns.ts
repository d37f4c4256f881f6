import { tableFromIPC } from 'apache-arrow';
import { lastValueFrom, merge, type SchedulerLike, tap } from 'rxjs';
import { checkPositive, checkString } from '../../core/check.ts';
import { FlowError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import type { RowTable } from '../../io/dataset/row-table.ts';
import { Flow } from '../../operators/flow.ts';
import type { Bytes } from '../../operators/payload.ts';
import type { SubclipRow } from '../../operators/subclips.ts';
import type { NetworkServices } from '../dataflow/running-scope.ts';
import { traceColumns } from '../dataflow/trace.ts';
import type { Columns, VideoScope } from '../dataflow/video-scope.ts';
import type { Picture } from './fake-elements.ts';
import { FakeScope, FakeVideo, fakeEmbedder } from './fake-scope.ts';

/** The video, without a file, that a dataflow is run over. */
export interface RunColumnsOptions {
  /** Its length in seconds. Default 2. */
  readonly duration?: number | undefined;
  /** Its id. Default `fake`. */
  readonly id?: string | undefined;
  /** What each frame shows. Default: noise, the same in every run. */
  readonly picture?: ((at: { readonly index: number; readonly time: number }) => Picture) | undefined;
  /** What it sounds like: the value at a time in seconds. Default: a tone of 440 Hz. */
  readonly sound?: ((time: number) => number) | undefined;
  /** The flow's budget. Default 64 MiB. */
  readonly memory?: Bytes | string | undefined;
  /** The clock for delays, timeouts, retries and rates. Default: that of the process. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** What a dataflow has made from the video. */
export interface ColumnsRun {
  /** The rows of each column, in order of arrival. */
  readonly columns: Readonly<Record<string, readonly SubclipRow[]>>;
  /** The rows of each table. */
  readonly tables: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  /** The most bytes that each operator held at once, by its name. */
  readonly peaks: Readonly<Record<string, Bytes>>;
}

const known: KnownOptions<RunColumnsOptions> = {
  duration: true,
  id: true,
  picture: true,
  sound: true,
  memory: true,
  scheduler: true,
};

/**
 * Runs a dataflow function over a fake video, and returns its rows. Frames and patches have the
 * sizes and rates that it requests, are held and released as in a run, and are overwritten on
 * release. Networks are not opened: their vectors have the right length, and depend only on the
 * input.
 *
 * @throws FlowError `held` when something still holds elements after the end, naming it; what the
 * dataflow throws.
 *
 * @example
 * const columns = (scope: VideoScope) => ({
 *   brightness: scope.frames({ width: 8, height: 8 }).pipe(
 *     map((frame) => ({ time: frame.time, vector: Float32Array.of(frame.data[0] ?? 0) })),
 *     scope.subclips({ count: 10 }),
 *   ),
 * });
 * const run = await runColumns(columns, { duration: 3, picture: () => [0, 0, 0] });
 */
export async function runColumns(
  columns: (scope: VideoScope) => Columns,
  options: RunColumnsOptions = {},
): Promise<ColumnsRun> {
  checkKnownOptions('runColumns', options, known);
  const duration = checkPositive('duration', options.duration ?? 2);
  const id = checkString('id', options.id ?? 'fake');
  const { picture, sound, memory = '64MiB', scheduler } = options;
  const { networks } = traceColumns(columns);
  const late: unknown[] = [];
  const flow = new Flow(memory, { poison: true, scheduler, onLateError: (error) => late.push(error) });
  const services: NetworkServices = new Map(networks.map((traced) => [traced.network, fakeEmbedder(traced)]));
  const abort = new AbortController();
  const setting = { scope: flow.scope(id), services, media: { duration, picture, sound } };
  const scope = new FakeScope(new FakeVideo(id, duration), abort.signal, setting);
  const rows = new Map<string, SubclipRow[]>();
  const tables = new Map<string, Readonly<Record<string, unknown>>[]>();
  const made = columns(scope);
  for (const name of Object.keys(made)) rows.set(name, []);
  try {
    const all = merge<(SubclipRow | RowTable)[]>(...scope.compose(made));
    const collect = tap<SubclipRow | RowTable>((row) => {
      if (!('table' in row)) return void rows.get(row.stream)?.push(row);
      rows.delete(row.table);
      tables.set(row.table, plainRows(row));
    });
    await lastValueFrom(all.pipe(collect), { defaultValue: undefined });
  } finally {
    abort.abort();
  }
  if (late.length > 0) throw late[0];
  const { operators } = flow.metrics();
  const held = flow.holders().map(({ operator, bytes }) => `${bytes} bytes by '${operator}'`);
  if (held.length > 0) {
    throw new FlowError('held', `after all columns had ended, these were still held: ${held.join(', ')}`, {
      remedy: 'End every `busy()` and every reservation, and let promises settle.',
    });
  }
  return {
    columns: Object.fromEntries(rows),
    tables: Object.fromEntries(tables),
    peaks: Object.fromEntries(operators.map(({ name, peakBytes }) => [name, peakBytes])),
  };
}

/** Rows as objects; vectors are typed arrays, lists are arrays. */
function plainRows({ bytes }: RowTable): Readonly<Record<string, unknown>>[] {
  const table = tableFromIPC(bytes);
  const names = table.schema.fields.map(({ name }) => name);
  return table.toArray().map((row: Record<string, unknown>) => {
    return Object.fromEntries(names.map((name) => [name, plain(row[name])]));
  });
}

function plain(value: unknown): unknown {
  const isVector = typeof value === 'object' && value !== null && 'toArray' in value;
  return isVector ? (value as { toArray(): unknown }).toArray() : value;
}
