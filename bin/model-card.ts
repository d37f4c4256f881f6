import { makeCard } from '../src/graphs/models/make-card.ts';
import type { Arguments } from './options.ts';

/** `reelflow models card`. */
export async function cardCommand(args: Arguments, file: string): Promise<number> {
  const [out, output, modality] = ['out', 'output', 'modality'].map((name) => args.text(name));
  const made = await makeCard({
    file,
    ...(out !== undefined && { out }),
    ...(output !== undefined && { output }),
    ...(modality !== undefined && { modality: modality as 'visual' }),
    replace: args.flag('replace'),
  });
  if (args.flag('json')) {
    process.stdout.write(`${JSON.stringify(made)}\n`);
    return 0;
  }
  const { card, path, assumptions } = made;
  const { input } = card;
  const size = input.kind === 'frames' ? `${input.width} x ${input.height}` : `${input.patchSamples} samples`;
  const lines = [
    `${path}: ${card.name}, ${input.kind} ${size} (${input.layout}) to ${card.output.dimension} values of '${card.output.name}'`,
    'ASSUMED, because the file does not say; check against what its authors write, and correct the card:',
    ...assumptions.map(({ field, value, why }) => `  ${field} = ${JSON.stringify(value)}  (${why})`),
    `Use: --${card.modality} ${path}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
