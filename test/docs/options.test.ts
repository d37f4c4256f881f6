import { expect, it } from 'vitest';
import { isGroup, optionsOf } from '../../bin/command.ts';
import { globalOptions } from '../../bin/global-options.ts';
import { meaningOf, typedForm, usageOf } from '../../bin/help.ts';
import { type AnyTable, flaggedOptions } from '../../bin/option-table.ts';
import { loadAll } from '../../bin/registry.ts';

/** A text in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/(--[a-z][a-z-]+|<[a-z]+>|\{[a-z]+\})/g, '`$1`');
}

function rows(table: AnyTable): string[] {
  return flaggedOptions(table).map(
    (option) => `| \`${typedForm(option).replaceAll('|', '\\|')}\` | ${cell(meaningOf(option))} |`,
  );
}

async function optionsPage(): Promise<string> {
  const commands = (await loadAll()).flatMap((entry) => (isGroup(entry) ? entry.commands : [entry]));
  return [
    '# Options',
    '',
    'Every option of every command, as its help has it. This page is made from the tables in `bin/`:',
    '`npx vitest run test/docs/options.test.ts --update` writes it.',
    '',
    '## Every command',
    '',
    'See [the command line](command-line.md).',
    '',
    '| option | what it does |',
    '| --- | --- |',
    ...rows(globalOptions),
    ...commands.flatMap((command) => [
      '',
      `## ${command.name}`,
      '',
      `${command.does[0]?.toUpperCase()}${command.does.slice(1)}.`,
      '',
      '```text',
      `reelflow ${command.name} ${usageOf(command)}`.trimEnd(),
      '```',
      ...(Object.keys(optionsOf(command)).length === 0
        ? []
        : ['', '| option | what it does |', '| --- | --- |', ...rows(command.helpOptions?.([]) ?? command.options)]),
      ...(command.name === 'train' || command.name === 'evaluate'
        ? [
            '',
            `The options of a recommender are in [recommenders](recommenders.md), and in \`reelflow help train RECOMMENDER\`.`,
          ]
        : []),
    ]),
    '',
  ].join('\n');
}

it('the page of options is what the tables say', async () => {
  await expect(await optionsPage()).toMatchFileSnapshot('../../docs/options.md');
});
