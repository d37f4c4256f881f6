import { printable } from '../src/core/printable.ts';
import { type ListedWeights, listNetworks } from '../src/graphs/weights/list-networks.ts';
import { verifyWeights } from '../src/graphs/weights/verify-weights.ts';
import { weightNames } from '../src/graphs/weights/weight-names.ts';
import { weightsDirectory } from '../src/io/weights-store/weights-store.ts';
import { formatBytes } from '../src/operators/budget.ts';
import { defineCommand } from './command.ts';
import { untilInterrupted } from './interrupts.ts';

/** `reelflow weights list`. */
export const listCommand = defineCommand({
  name: 'weights list',
  operands: [],
  does: 'lists networks and where their weights are',
  options: {},
  examples: ['reelflow weights list'],
  async run(_values, { console }) {
    const { networks, postprocessing } = listNetworks();
    const listed = {
      directory: weightsDirectory(),
      networks: networks.map(({ description, card, weights, problem }) => ({
        ...{ description, card, weights: weights ?? null },
        problem,
      })),
      postprocessing: postprocessing.map(({ name, network, weights, problem }) => ({
        ...{ name, network, weights: weights ?? null },
        problem,
      })),
    };
    console.result(listed, () => listText({ networks, postprocessing }));
    return 0;
  },
});

function listText({ networks, postprocessing }: ReturnType<typeof listNetworks>): string {
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
    `Stored in ${printable(weightsDirectory())}; add more with \`reelflow weights pull NAME\` or \`reelflow weights import NAME FILE\`.`,
    'Any other ONNX network: the path of its network card (see docs/network-cards.md).',
    '',
  ].join('\n');
}

function weightsText({ weights, problem }: ListedWeights): string {
  if (problem !== undefined) return printable(problem);
  if (!weights) return 'none';
  return `${printable(weights.origin)}, SHA-256 ${weights.sha256.slice(0, 8)}..., ${formatBytes(weights.bytes)}`;
}

/** `reelflow weights verify`. Exit code 1 when weights are damaged. */
export const verifyCommand = defineCommand({
  name: 'weights verify',
  operands: ['[NAME]'],
  operandWords: weightNames,
  does: 'reads stored weights again and compares their hashes',
  options: {},
  examples: ['reelflow weights verify'],
  run: (_values, { operands: [name], console }) =>
    untilInterrupted(console, 'stopping', async (signal) => {
      console.stage('reading weights');
      const weights = await verifyWeights({ name, signal });
      console.result({ directory: weightsDirectory(), weights }, (shown) => verifiedText(shown.weights));
      return weights.every(({ whole }) => whole) ? 0 : 1;
    }),
});

function verifiedText(weights: Awaited<ReturnType<typeof verifyWeights>>): string {
  const damaged = weights.filter(({ whole }) => !whole);
  const all =
    weights.length === 0 ? `no weights are stored in ${printable(weightsDirectory())}` : `${weights.length} verified`;
  return [
    ...weights.map(({ name, whole, sha256, bytes, problem, remedy }) =>
      whole
        ? `${name}: whole, ${formatBytes(bytes ?? 0)}, SHA-256 ${sha256}`
        : `${name}: DAMAGED, ${printable(problem ?? '')}\n  ${remedy ?? ''}`,
    ),
    `${all}${damaged.length > 0 ? `, ${damaged.length} damaged` : ''}\n`,
  ].join('\n');
}
