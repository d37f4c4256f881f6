import { UsageError } from '../../src/errors.ts';
import { namedNetwork, networkNames } from '../../src/models/networks/registry.ts';
import type { Arguments, Command } from '../options.ts';

/** `reelflow models`: the networks that can be named. */
export const command: Command = {
  name: 'models',
  usage: 'list [--json]',
  does: 'lists the networks that --visual and --audio take by name',
  options: { json: { type: 'boolean', does: 'prints their model cards as JSON' } },
  examples: ['reelflow models list'],
  run,
};

async function run(args: Arguments): Promise<number> {
  if (args.positionals.length !== 1 || args.positionals[0] !== 'list') {
    throw new UsageError('`reelflow models` takes `list`');
  }
  const networks = networkNames.map((name) => namedNetwork(name)).filter((network) => network !== undefined);
  if (args.flag('json')) {
    process.stdout.write(
      `${JSON.stringify({ networks: networks.map(({ card, description }) => ({ description, card })) })}\n`,
    );
    return 0;
  }
  for (const { name, description, card } of networks) {
    process.stdout.write(
      `${name.padEnd(10)} ${card.modality.padEnd(7)} ${String(card.output.dimension).padStart(5)}  ${description}\n`,
    );
  }
  process.stdout.write('Any other ONNX network: the path of its model card (see docs/model-cards.md).\n');
  return 0;
}
