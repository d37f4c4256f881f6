import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../../src/operators/budget.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../option-table.ts';
import { here, unusedDirectories } from '../unused-libraries.ts';

/** `reelflow trim`: removes from a project's packages what only other platforms need. */
export const command = defineCommand({
  name: 'trim',
  operands: ['[PROJECT]'],
  does: 'removes from node_modules what this machine never loads, such as ONNX Runtime for other platforms; `npm ci` brings it back',
  options: { dryRun: flag('reports what would be removed, and how many bytes; removes nothing') },
  examples: ['reelflow trim --dry-run', 'npm ci && reelflow trim    (in an image: in one layer)'],
  async run({ dryRun = false }, { operands: [project = '.'], console }) {
    const removed = unusedDirectories(project, here());
    if (!dryRun) for (const { path } of removed) await rm(join(project, path), { recursive: true });
    const bytes = removed.reduce((sum, each) => sum + each.bytes, 0);
    console.result(
      { project, removed, bytes },
      () =>
        [
          ...removed.map((each) => `${formatBytes(each.bytes).padStart(9)}  ${each.path}: ${each.why}`),
          removed.length === 0
            ? 'nothing in node_modules is superfluous on this machine'
            : `${formatBytes(bytes)} ${dryRun ? 'would be removed' : 'removed'}; \`npm ci\` brings them back`,
          '',
        ].join('\n'),
      { isNews: removed.length > 0 },
    );
    return 0;
  },
});
