import { finiteNumber, positiveProbability, probability } from '../../core/number-range.ts';
import { type BadLineReport, BadLines, fileFault, quoted } from './bad-lines.ts';
import { columnOf, csvRecords } from './csv-records.ts';
import { plainId } from './identifiers.ts';
import { readText } from './read-text.ts';

/** A log of what a policy showed, by column; columns that the file lacks are undefined. */
export interface PolicyLogFile {
  readonly rewards: Float64Array;
  readonly propensities: Float64Array;
  readonly targets: Float64Array | undefined;
  readonly predicted: Float64Array | undefined;
  readonly expected: Float64Array | undefined;
  readonly userIds: readonly string[] | undefined;
  readonly itemIds: readonly string[] | undefined;
  readonly badLines: BadLineReport;
}

const ranges = {
  ...{ reward: finiteNumber, propensity: positiveProbability, target: probability },
  ...{ predicted: finiteNumber, expected: finiteNumber },
} as const;
const numbers = ['reward', 'propensity', 'target', 'predicted', 'expected'] as const;

/**
 * Reads a log of recommendations: CSV with the columns reward and propensity, and any of target,
 * predicted, expected, user and item. It is read into memory as a whole.
 *
 * @throws UsageError `ratings` when the file is missing, not CSV, or lacks a column; RatingFileError
 * `bad-line`.
 * @example
 * const { rewards, propensities } = await readPolicyLog('log.csv');
 */
export async function readPolicyLog(
  path: string,
  options: { readonly skipBadLines?: boolean | undefined } = {},
): Promise<PolicyLogFile> {
  const [header, ...records] = csvRecords(await readText(path), path);
  const names = header?.fields ?? [];
  const places = new Map(numbers.map((name) => [name, columnOf(names, [name])]));
  for (const name of ['reward', 'propensity'] as const) {
    if ((places.get(name) as number) >= 0) continue;
    throw fileFault(
      path,
      `has no column '${name}'`,
      name === 'propensity'
        ? 'Without the probabilities with which items were shown, a log says nothing about another policy.'
        : undefined,
    );
  }
  const ids = { user: columnOf(names, ['user', 'userid']), item: columnOf(names, ['item', 'itemid', 'movieid']) };
  const columns = new Map(numbers.map((name) => [name, [] as number[]]));
  const idsOf = { user: [] as string[], item: [] as string[] };
  const bad = new BadLines(path, { skip: options.skipBadLines ?? false });
  for (const { line, fields } of records) {
    const read = numbers.map((name) => {
      const place = places.get(name) as number;
      return place < 0 ? 0 : fields[place] === '' ? Number.NaN : Number(fields[place]);
    });
    const wrong = numbers.find((name, at) => (places.get(name) as number) >= 0 && !ranges[name].of(read[at] as number));
    if (wrong !== undefined) {
      const text = quoted(fields[places.get(wrong) as number] ?? '');
      bad.add(line, `the ${wrong} ${text} must be ${ranges[wrong].words}`);
      continue;
    }
    for (const [at, name] of numbers.entries()) columns.get(name)?.push(read[at] as number);
    for (const name of ['user', 'item'] as const) idsOf[name].push(plainId(fields[ids[name]] ?? ''));
  }
  if (idsOf.user.length === 0) throw fileFault(path, 'has no rows');
  const column = (name: (typeof numbers)[number]) =>
    (places.get(name) as number) < 0 ? undefined : Float64Array.from(columns.get(name) ?? []);
  return {
    rewards: column('reward') as Float64Array,
    propensities: column('propensity') as Float64Array,
    targets: column('target'),
    predicted: column('predicted'),
    expected: column('expected'),
    userIds: ids.user < 0 ? undefined : idsOf.user,
    itemIds: ids.item < 0 ? undefined : idsOf.item,
    badLines: bad.report,
  };
}
