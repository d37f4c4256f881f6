import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ExperimentConfig } from '../../src/graphs/experiment/experiment-config.ts';
import { experimentKeys, flagOf } from '../../src/graphs/experiment/experiment-keys.ts';
import { recommenderVariants } from '../../src/graphs/experiment/recommender-variants.ts';
import { resolveConfig } from '../../src/graphs/experiment/resolve-config.ts';
import { recipe } from '../fixtures/docs.ts';

describe('the guide to experiments', () => {
  it('has every key with its flag, meaning and default, and no other', () => {
    const page = readFileSync(new URL('../../docs/experiment.md', import.meta.url), 'utf8');
    const table = page.split('## Keys')[1]?.split('`set` fixes')[0] ?? '';
    const lines = table.split('\n').filter((line) => line.startsWith('| `'));
    const cells = lines.map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')));
    expect(cells.map(([, key, flag, , does, byDefault]) => [key, flag, does, byDefault])).toEqual(
      experimentKeys.map(({ key, flag, value, does, default: byDefault }) => [
        `\`${key}\``,
        `\`--${flag ?? flagOf(key)}${value === '' ? '' : ` ${value}`}\``,
        does,
        byDefault,
      ]),
    );
  });

  it('shows a configuration that is accepted', () => {
    const config = JSON.parse(recipe('experiment.md', 'json')) as ExperimentConfig;
    const experiment = resolveConfig(config);
    expect(recommenderVariants(experiment)).toHaveLength(9 + 4);
  });
});
