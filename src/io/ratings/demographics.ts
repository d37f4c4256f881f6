import type { UserFacts } from '../../core/user-facts.ts';
import { fileFault, quoted } from './bad-lines.ts';
import { columnOf, csvRecords } from './csv-records.ts';
import { plainId } from './identifiers.ts';
import { readText } from './read-text.ts';

/** Lowest ages of the groups of MovieLens 1M, and their names. */
const ageGroups = [
  [56, '56 and over'],
  [50, '50 to 55'],
  [45, '45 to 49'],
  [35, '35 to 44'],
  [25, '25 to 34'],
  [18, '18 to 24'],
  [0, 'under 18'],
] as const;

/** Occupations of MovieLens 1M by their numbers. */
const occupations = [
  ...['other', 'educator', 'artist', 'clerical', 'student (college)', 'customer service', 'doctor', 'executive'],
  ...['farmer', 'homemaker', 'student (K-12)', 'lawyer', 'programmer', 'retired', 'sales', 'scientist'],
  ...['self-employed', 'technician', 'tradesman', 'unemployed', 'writer'],
];

/**
 * Reads facts about users: `u.user` (MovieLens 100K), `users.dat` (1M), or CSV with a column
 * of user ids (userId, user, id) and any others, recognised by the first line. Ages become the
 * groups of MovieLens 1M. Postcodes, each of which is rare, and empty fields are left out.
 *
 * @throws UsageError `ratings` when the file is missing or has another form, or a user occurs
 * twice.
 * @example
 * const facts = await readDemographics('ml-100k/u.user');
 * facts.get('1'); // { age: '18 to 24', gender: 'M', occupation: 'technician' }
 */
export async function readDemographics(path: string): Promise<UserFacts> {
  const text = await readText(path);
  const first = text.split('\n', 1)[0] ?? '';
  const rows = first.includes('::') ? datRows(text) : first.includes('|') ? barRows(text) : csvRows(text, path);
  const facts = new Map<string, Readonly<Record<string, string>>>();
  for (const [id, fields] of rows) {
    if (facts.has(id)) throw fileFault(path, `has the user ${quoted(id)} twice`);
    const known = Object.entries(fields).filter(([, value]) => value !== '');
    facts.set(id, Object.fromEntries(known.map(([name, value]) => [name, name === 'age' ? ageGroup(value) : value])));
  }
  return facts;
}

type Row = readonly [string, Readonly<Record<string, string>>];

function linesOf(text: string): string[] {
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.replace(/\r$/, '')]));
}

function barRows(text: string): Row[] {
  return linesOf(text).map((line) => {
    const [id = '', age = '', gender = '', occupation = ''] = line.split('|').map((field) => field.trim());
    return [plainId(id), { age, gender, occupation }];
  });
}

function datRows(text: string): Row[] {
  return linesOf(text).map((line) => {
    const [id = '', gender = '', age = '', occupation = ''] = line.split('::').map((field) => field.trim());
    return [plainId(id), { age, gender, occupation: occupations[Number(occupation)] ?? occupation }];
  });
}

function csvRows(text: string, path: string): Row[] {
  const [header, ...records] = csvRecords(text, path);
  const names = (header?.fields ?? []).map((name) => name.toLowerCase());
  const id = columnOf(names, ['userid', 'user', 'id']);
  if (id < 0 || names.length < 2) {
    throw fileFault(
      path,
      `is not a list of users: its first line is ${quoted(names.join(','))}`,
      'It needs a column userId, and at least one that says something about the user.',
    );
  }
  const zip = columnOf(names, ['zip', 'zipcode', 'postcode']);
  return records.map(({ fields }) => {
    const others = names.flatMap((name, at) => (at === id || at === zip ? [] : [[name, fields[at] ?? ''] as const]));
    return [plainId(fields[id] ?? ''), Object.fromEntries(others)];
  });
}

/** The group of an age in years; any other text is unchanged. */
function ageGroup(age: string): string {
  const years = Number(age);
  return ageGroups.find(([from]) => years >= from)?.[1] ?? age;
}
