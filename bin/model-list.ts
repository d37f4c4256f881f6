import { printable } from '../src/core/printable.ts';
import { type ListedWeights, listModels } from '../src/graphs/models/list-models.ts';
import { verifyModels } from '../src/graphs/models/verify-models.ts';
import { weightNames } from '../src/graphs/models/weight-names.ts';
import { modelDirectory } from '../src/io/model-store/model-store.ts';
import { formatBytes } from '../src/operators/budget.ts';
import { defineCommand } from './command.ts';
import { untilInterrupted } from './interrupts.ts';

/** `reelflow models list`. */
export const listCommand = defineCommand({
  name: 'models list',
  operands: [],
  does: 'lists networks and where their weights are',
  options: {},
  examples: ['reelflow models list'],
  async run(_values, { console }) {
    const { networks, postprocessing } = listModels();
    const listed = {
      directory: modelDirectory(),
      networks: networks.map(({ description, card, weights, problem }) => ({
        ...{ description, card, weights: weights ?? null },
        ...(problem !== undefined && { problem }),
      })),
      postprocessing: postprocessing.map(({ name, network, weights, problem }) => ({
        ...{ name, network, weights: weights ?? null },
        ...(problem !== undefined && { problem }),
      })),
    };
    console.result(listed, () => listText({ networks, postprocessing }));
    return 0;
  },
});

function listText({ networks, postprocessing }: ReturnType<typeof listModels>): string {
  const width = Math.max(...networks.map(({ name }) => name.length));
  const indent = ' '.repeat(width);
  return [
    ...networks.flatMap((network) => {
      const { name, card, description } = network;
      const dimension = String(card.output.dimension).padStart(5);
      return [
        `${name.padEnd(width)}  ${card.modality.padEnd(6)}  ${dimension}  ${description}`,
        `${indent}  weights: ${weightsText(network)}`,
      ];
    }),
    ...postprocessing.flatMap((parameters) => [
      `${parameters.name.padEnd(width)}  parameters of ${parameters.network}'s post-processing`,
      `${indent}  weights: ${weightsText(parameters)}`,
    ]),
    `Stored in ${printable(modelDirectory())}; bring more with \`reelflow models pull NAME\` or \`import NAME FILE\`.`,
    'Any other ONNX network: the path of its model card (see docs/model-cards.md).',
    '',
  ].join('\n');
}

function weightsText({ weights, problem }: ListedWeights): string {
  if (problem !== undefined) return printable(problem);
  if (!weights) return 'none';
  return `${printable(weights.origin)}, SHA-256 ${weights.sha256.slice(0, 8)}..., ${formatBytes(weights.bytes)}`;
}

/** `reelflow models verify`. Exit code 1 when a model is damaged. */
export const verifyCommand = defineCommand({
  name: 'models verify',
  operands: ['[NAME]'],
  operandWords: weightNames,
  does: 'reads stored weights again and compares their hashes',
  options: {},
  examples: ['reelflow models verify'],
  run: (_values, { operands: [name], console }) =>
    untilInterrupted(console, 'stopping', async (signal) => {
      console.stage('reading weights');
      const models = await verifyModels({ ...(name !== undefined && { name }), signal });
      console.result({ directory: modelDirectory(), models }, () => verifiedText(models));
      return models.every(({ whole }) => whole) ? 0 : 1;
    }),
});

function verifiedText(models: Awaited<ReturnType<typeof verifyModels>>): string {
  const damaged = models.filter(({ whole }) => !whole);
  const all =
    models.length === 0 ? `no weights are stored in ${printable(modelDirectory())}` : `${models.length} verified`;
  return [
    ...models.map(({ name, whole, sha256, bytes, problem, remedy }) =>
      whole
        ? `${name}: whole, ${formatBytes(bytes ?? 0)}, SHA-256 ${sha256}`
        : `${name}: DAMAGED, ${printable(problem ?? '')}\n  ${remedy ?? ''}`,
    ),
    `${all}${damaged.length > 0 ? `, ${damaged.length} damaged` : ''}\n`,
  ].join('\n');
}
