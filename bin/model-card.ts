import { printable } from '../src/core/printable.ts';
import { makeCard } from '../src/graphs/models/make-card.ts';
import type { Arguments } from './options.ts';
import { shellWord } from './shell-word.ts';

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
  const size = input.kind === 'frames' ? `${input.width} x ${input.height}` : counted(input.patchSamples, 'sample');
  const values = counted(card.output.dimension, 'value');
  const lines = [
    `${path}: ${card.name}, from ${input.kind} of ${size} (${input.layout}) to ${values} of '${card.output.name}'`,
    'ASSUMED, because the file does not say; check against what its authors write, and correct the card:',
    ...assumptions.map(({ field, value, why }) => `  ${field} = ${JSON.stringify(value)}  (${why})`),
    `Use: --${card.modality} ${printable(path) === path ? cardWord(path) : 'and the path of the card, whose name cannot be shown'}`,
  ];
  process.stdout.write(`${lines.map((text) => printable(text)).join('\n')}\n`);
  return 0;
}

const counted = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`;

/** The path of a card as it is typed after an option: never taken for an option, a network's name, or several words. */
function cardWord(path: string): string {
  return shellWord(path.startsWith('-') || !/[./\\]/.test(path) ? `./${path}` : path);
}
