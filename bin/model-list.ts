import { printable } from '../src/core/printable.ts';
import { type ListedWeights, listModels } from '../src/graphs/models/list-models.ts';
import { verifyModels } from '../src/graphs/models/verify-models.ts';
import { modelDirectory } from '../src/io/model-store/model-store.ts';
import { formatBytes } from '../src/operators/budget.ts';
import type { Arguments } from './options.ts';

/** `reelflow models list`. */
export function listCommand(args: Arguments): number {
  const { networks, postprocessing } = args.rendered(listModels());
  if (args.flag('json')) {
    const directory = modelDirectory();
    const listed = networks.map(({ description, card, weights, problem }) => ({
      ...{ description, card, weights: weights ?? null },
      ...(problem !== undefined && { problem }),
    }));
    const others = postprocessing.map(({ name, network, weights, problem }) => ({
      ...{ name, network, weights: weights ?? null },
      ...(problem !== undefined && { problem }),
    }));
    process.stdout.write(`${JSON.stringify({ directory, networks: listed, postprocessing: others })}\n`);
    return 0;
  }
  const width = Math.max(...networks.map(({ name }) => name.length));
  for (const network of networks) {
    const { name, card, description } = network;
    process.stdout.write(
      `${name.padEnd(width)}  ${card.modality.padEnd(6)}  ${String(card.output.dimension).padStart(5)}  ${description}\n`,
    );
    process.stdout.write(`${' '.repeat(width)}  weights: ${weightsText(network)}\n`);
  }
  for (const parameters of postprocessing) {
    process.stdout.write(`${parameters.name.padEnd(width)}  parameters of ${parameters.network}'s post-processing\n`);
    process.stdout.write(`${' '.repeat(width)}  weights: ${weightsText(parameters)}\n`);
  }
  process.stdout.write(
    `Stored in ${printable(modelDirectory())}; bring more with \`reelflow models pull NAME\` or \`import NAME FILE\`.\n`,
  );
  process.stdout.write('Any other ONNX network: the path of its model card (see docs/model-cards.md).\n');
  return 0;
}

function weightsText({ weights, problem }: ListedWeights): string {
  if (problem !== undefined) return printable(problem);
  if (!weights) return 'none';
  return `${printable(weights.origin)}, SHA-256 ${weights.sha256.slice(0, 8)}..., ${formatBytes(weights.bytes)}`;
}

/** `reelflow models verify`. Exit code 1 when a model is damaged. */
export async function verifyCommand(args: Arguments, name: string | undefined, signal: AbortSignal): Promise<number> {
  const models = args.rendered(await verifyModels({ ...(name !== undefined && { name }), signal }));
  const damaged = models.filter(({ whole }) => !whole);
  if (args.flag('json')) {
    process.stdout.write(`${JSON.stringify({ directory: modelDirectory(), models })}\n`);
    return damaged.length > 0 ? 1 : 0;
  }
  for (const { name: model, whole, sha256, bytes, problem, remedy } of models) {
    if (whole) process.stdout.write(`${model}: whole, ${formatBytes(bytes ?? 0)}, SHA-256 ${sha256}\n`);
    else process.stdout.write(`${model}: DAMAGED, ${printable(problem ?? '')}\n  ${remedy ?? ''}\n`);
  }
  const all =
    models.length === 0 ? `no weights are stored in ${printable(modelDirectory())}` : `${models.length} verified`;
  process.stdout.write(`${all}${damaged.length > 0 ? `, ${damaged.length} damaged` : ''}\n`);
  return damaged.length > 0 ? 1 : 0;
}
