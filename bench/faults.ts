/**
 * Inputs that some version got wrong, and what happens to them now: runs every file of a folder of
 * faults through the command line as a user would, and compares the outcome with the expected one.
 * Exits with 1 on a difference.
 *
 *   node dist/bench/faults.js --dir FOLDER [--only media|networks|tables] [--file NAME]
 *
 * The folder has `media/`, `models/`, `tables/` and `expected.json`, whose part `media` states what
 * each file holds.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { benchOptions } from './clips.ts';
import { type Finding, findingLines } from './faults/finding.ts';
import { MediaFaults } from './faults/media.ts';
import type { MediaExpectation } from './faults/media-expectation.ts';
import { networkFaults } from './faults/network-faults.ts';
import { tableFaults } from './faults/tables.ts';

const options = benchOptions({ dir: '', only: 'media,networks,tables', file: '' });
const folder = resolve(options.dir ?? '');
const kinds = (options.only ?? '').split(',');
const wanted = (file: string) => options.file === '' || file === options.file;

const findings: Finding[] = [];
function show(finding: Finding): void {
  findings.push(finding);
  console.log(findingLines(finding).join('\n'));
}

const scratch = mkdtempSync(join(tmpdir(), 'reelflow-faults-'));
process.on('SIGINT', () => process.exit(130));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

if (kinds.includes('media')) {
  const { media } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
    media: Record<string, MediaExpectation>;
  };
  const faults = new MediaFaults(scratch);
  const pathOf = (file: string) => join(folder, 'media', file);
  for (const [file, expected] of Object.entries(media)) {
    if (wanted(file)) show(await faults.look(pathOf(file), file, expected));
  }
  if (options.file === '') show(await faults.together(findings, pathOf));
}
if (kinds.includes('networks')) {
  for (const { file, look } of networkFaults(join(folder, 'models'), scratch)) if (wanted(file)) show(await look());
}
if (kinds.includes('tables')) {
  for (const { file, look } of tableFaults(join(folder, 'tables'), scratch)) if (wanted(file)) show(await look());
}

for (const kind of kinds) {
  const own = findings.filter((finding) => finding.kind === kind);
  const right = own.filter(({ differences }) => differences.length === 0).length;
  if (own.length > 0) console.log(`${kind}: ${right} of ${own.length} as expected`);
}
if (findings.length === 0) console.log('no such file');
process.exitCode = findings.length > 0 && findings.every(({ differences }) => differences.length === 0) ? 0 : 1;
