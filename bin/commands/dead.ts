import { UsageError } from '../../src/core/errors.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { modernise } from '../../src/io/dataset/layout.ts';
import type { Arguments, Command } from '../options.ts';

/** `reelflow dead`: the items that failed, and why. */
export const command: Command = {
  name: 'dead',
  usage: 'list|retry DIR [ITEM...]',
  does: "lists a dataset's dead letters, or lets them be tried again at the next run",
  options: {
    code: { type: 'string', value: 'CODE', does: 'only letters with this reason, such as truncated' },
    json: { type: 'boolean', does: 'prints JSON' },
  },
  examples: ['reelflow dead list features/', 'reelflow dead retry features/ --code timeout'],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [verb, directory, ...items] = args.positionals;
  if ((verb !== 'list' && verb !== 'retry') || directory === undefined) {
    throw new UsageError(
      '`reelflow dead` takes `list` or `retry`, a dataset directory, and item ids if only some are meant',
    );
  }
  if (verb === 'retry') {
    const modernised = await modernise(directory);
    if (modernised !== undefined) process.stderr.write(`${modernised}\n`);
  }
  const store = await CommitStore.open(directory, { create: false });
  const code = args.text('code');
  const letters = (await store.letters()).filter(
    ({ letter }) => (items.length === 0 || items.includes(letter.item)) && (code === undefined || letter.code === code),
  );
  const unknown = items.filter((item) => !letters.some(({ letter }) => letter.item === item));
  if (unknown.length > 0) {
    throw new UsageError(
      `there is no dead letter${code === undefined ? '' : ` '${code}'`} of '${unknown.join("', '")}'`,
      {
        remedy: `See \`reelflow dead list ${directory}\`.`,
      },
    );
  }
  if (verb === 'retry') {
    const raised = await store.raise(letters.map(({ key }) => key));
    if (args.flag('json')) process.stdout.write(`${JSON.stringify({ raised })}\n`);
    else process.stdout.write(`${raised} item(s) will be tried again at the next run\n`);
    return 0;
  }
  if (args.flag('json')) {
    process.stdout.write(`${JSON.stringify({ dead: letters.map(({ letter }) => letter) })}\n`);
    return 0;
  }
  const known = await store.items();
  for (const { letter } of letters) {
    const { path, state } = known.get(letter.item) ?? {};
    const place = path === undefined ? '' : `  (${path}${state === 'gone' ? ', no input any more' : ''})`;
    process.stdout.write(`${letter.item}  ${letter.code}  ${letter.message}${place}\n`);
    for (const line of letter.decoderLines) process.stdout.write(`    ${line}\n`);
  }
  process.stdout.write(`${letters.length} dead letter(s)\n`);
  return 0;
}
