import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Case } from './network-faults.ts';
import { endOf, type Run, runNode, runProduct, saidBy } from './product.ts';

const reader = fileURLToPath(new URL('read-table.js', import.meta.url));

/** The contents of a table, as read by the library. */
interface Read {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Some of the values of each column, as text. */
  readonly distinct: Readonly<Record<string, readonly string[]>>;
}

/** The outcome of reading a table, and of reducing it or training on it. */
interface TableRun {
  readonly verdict: string;
  readonly counted: string;
  readonly said: string;
  /** The table that was written, or what was read from the given one. */
  readonly read?: Read | undefined;
  /** Names of temporary files that were left behind. */
  readonly left: readonly string[];
}

const rowsAre =
  (wanted: number) =>
  ({ verdict, read }: TableRun) => {
    if (verdict !== 'reduced') return [`${verdict}, not reduced`];
    return read?.rows === wanted ? [] : [`${read?.rows} rows, not ${wanted}`];
  };

/**
 * The expected outcome of each; any other must only not crash, and leave nothing half-written.
 */
const CASES: Readonly<Record<string, { readonly expected: string; readonly check: (run: TableRun) => string[] }>> = {
  'crash/interval.arrow': { expected: 'reduced with its columns, or refused', check: reducedOrRefused },
  'crash/pl-cat.arrow': { expected: 'reduced with its columns, or refused', check: reducedOrRefused },
  'crash/struct_empty.arrow': { expected: 'reduced with its columns, or refused', check: reducedOrRefused },
  'pa-dupnames.parquet': { expected: 'refused, or reduced once', check: namesAreUnique },
  'dir-hive': { expected: 'reduced, 40 rows, genre carried', check: hiveKeysAreCarried },
  'decimal.parquet': {
    expected: 'trained on 293 ratings from 1 to 5',
    check: ({ verdict, counted }) =>
      verdict === 'trained' && counted === '293 ratings from 1 to 5' ? [] : [`${verdict} ${counted}`.trim()],
  },
  'parquetjs-lite/parquetjslite-SNAPPY.parquet': { expected: 'reduced, 40 rows', check: rowsAre(40) },
  'parquetjs-lite/parquetjslite-UNCOMPRESSED.parquet': { expected: 'reduced, 40 rows', check: rowsAre(40) },
};

/**
 * The cases in a folder of tables: each is read, and reduced, or trained on if it holds ratings.
 */
export function tableFaults(folder: string, scratch: string): Case[] {
  return tablesIn(folder, '').map((file) => ({
    file,
    look: async () => {
      const run = await use(join(folder, file), scratch);
      const { expected, check } = CASES[file] ?? { expected: 'no crash', check: () => [] };
      const differences = [...mustEndWell(run), ...check(run)];
      return {
        kind: 'tables',
        file,
        verdict: run.verdict,
        counted: run.counted,
        expected,
        differences,
        said: run.said,
      };
    },
  }));
}

/** Paths of the tables: files, and each folder of hive partitions. */
function tablesIn(folder: string, below: string): string[] {
  const entries = existsSync(join(folder, below)) ? readdirSync(join(folder, below), { withFileTypes: true }) : [];
  if (entries.some((entry) => entry.isDirectory() && entry.name.includes('='))) return [below];
  return entries
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return tablesIn(folder, path);
      return /\.(arrow|parquet|feather|csv)$/.test(entry.name) ? [path] : [];
    });
}

async function use(path: string, scratch: string): Promise<TableRun> {
  const out = join(mkdtempSync(join(scratch, 'tables-')), 'out');
  if (path.endsWith('.csv')) return train(path, out, scratch);
  const read = await readTable(path, scratch);
  if (read.table === undefined) return { ...ended(read.run), left: [] };
  if (read.table.columns.some(({ name }) => name === 'rating')) return train(path, out, scratch);
  // The vectors: the first column that holds lists.
  const column = read.table.columns.find(({ type }) => /List/.test(type))?.name ?? 'emb';
  const run = await runProduct(
    ['reduce', path, '--column', column, '--components', '3', '--out', out, '--json'],
    scratch,
  );
  const left = leftIn(out);
  if (run.code !== 0) return { ...ended(run), left };
  const reduced = await readTable(join(out, 'reduced.parquet'), scratch);
  if (reduced.table === undefined)
    return { verdict: 'reduced', counted: 'unreadable', said: saidBy(reduced.run), left };
  const columns = reduced.table.columns.map(({ name }) => name).join(', ');
  return {
    verdict: 'reduced',
    counted: `${reduced.table.rows} rows of ${columns}`,
    said: '',
    read: reduced.table,
    left,
  };
}

async function train(path: string, out: string, scratch: string): Promise<TableRun> {
  const run = await runProduct(['train', 'baseline', '--ratings', path, '--out', out, '--json'], scratch);
  if (run.code !== 0) return { ...ended(run), left: leftIn(out) };
  const { ratings } = JSON.parse(run.stdout) as { readonly ratings: number };
  const { scale } = JSON.parse(readFileSync(join(out, 'recommender.json'), 'utf8')) as {
    readonly scale: { readonly minimum: number; readonly maximum: number };
  };
  const counted = `${ratings} ratings from ${scale.minimum} to ${scale.maximum}`;
  return { verdict: 'trained', counted, said: '', left: leftIn(out) };
}

async function readTable(
  path: string,
  scratch: string,
): Promise<{ readonly run: Run; readonly table?: Read | undefined }> {
  const run = await runNode([reader, path], scratch);
  return run.code === 0 ? { run, table: JSON.parse(run.stdout) as Read } : { run };
}

function ended(run: Run): { verdict: string; counted: string; said: string } {
  return { verdict: endOf(run), counted: '', said: saidBy(run) };
}

function leftIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.includes('.tmp-')) : [];
}

function mustEndWell({ verdict, left, counted }: TableRun): string[] {
  const crashed = verdict === 'hung' || verdict.startsWith('crashed') ? [`the command ${verdict}`] : [];
  const torn = counted === 'unreadable' ? ['what it wrote cannot be read'] : [];
  return [...crashed, ...torn, ...left.map((name) => `left ${name}`)];
}

function reducedOrRefused(run: TableRun): string[] {
  if (run.verdict.startsWith('refused')) return [];
  return rowsAre(40)(run);
}

function namesAreUnique(run: TableRun): string[] {
  if (run.verdict.startsWith('refused')) return [];
  const names = run.read?.columns.map(({ name }) => name) ?? [];
  return [
    ...rowsAre(40)(run),
    ...(new Set(names).size === names.length ? [] : [`columns of one name: ${names.join(', ')}`]),
  ];
}

function hiveKeysAreCarried(run: TableRun): string[] {
  const genres = [...(run.read?.distinct.genre ?? [])].sort().join(' and ');
  return [
    ...rowsAre(40)(run),
    ...(genres === 'Comédie/ü a and Drama' ? [] : [`its genres are '${genres}', not 'Comédie/ü a and Drama'`]),
  ];
}
