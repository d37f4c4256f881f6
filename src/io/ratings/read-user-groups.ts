import { BadLines, fileFault, quoted } from './bad-lines.ts';
import { columnOf, csvRecords } from './csv-records.ts';
import { plainId } from './identifiers.ts';
import { readText } from './read-text.ts';

/**
 * Reads which group each user belongs to: a CSV with the columns `userId` (or `user`) and `group`.
 *
 * @throws UsageError `ratings` when the file is missing or lacks a column; RatingFileError
 * `bad-line` for a line without a user or a group, and for a user who occurs twice.
 * @example
 * const groups = await readUserGroups('groups.csv');
 */
export async function readUserGroups(path: string): Promise<ReadonlyMap<string, string>> {
  const [header, ...records] = csvRecords(await readText(path), path);
  const names = header?.fields ?? [];
  const [user, group] = [columnOf(names, ['userid', 'user']), columnOf(names, ['group'])];
  if (user < 0 || group < 0) {
    throw fileFault(
      path,
      `is not a list of groups: its first line is ${quoted(names.join(','))}`,
      'It needs the columns userId (or user) and group.',
    );
  }
  const bad = new BadLines(path, { skip: false });
  const groups = new Map<string, string>();
  for (const { line, fields } of records) {
    const [id, name = ''] = [plainId(fields[user] ?? ''), fields[group]];
    if (id === '' || name === '') bad.add(line, 'the user or the group is empty');
    else if (groups.has(id)) bad.add(line, `user '${id}' comes twice`);
    else groups.set(id, name);
  }
  return groups;
}
