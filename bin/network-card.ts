import { printable } from '../src/core/printable.ts';
import { shellPath } from '../src/core/shell-word.ts';
import { type MadeCard, type MakeCardOptions, makeCard } from '../src/graphs/weights/make-card.ts';
import { defineCommand } from './command.ts';
import { flag, type OptionTable, text, word } from './option-table.ts';
import { outputFile } from './output-options.ts';

/** `reelflow weights card`. */
export const cardCommand = defineCommand({
  name: 'weights card',
  operands: ['FILE.onnx'],
  does: 'writes a network card from an ONNX file',
  options: {
    out: outputFile('CARD', ['json'], 'where to write it', 'next to the file, as NAME.card.json'),
    output: text('NAME', 'the tensor that holds the feature vector'),
    modality: word(['visual', 'audio'], 'visual or audio, if the input could be either'),
    replace: flag('replaces an existing card'),
    dryRun: flag('reads the file and says what the card would say'),
  } satisfies OptionTable<MakeCardOptions>,
  examples: ['reelflow weights card network.onnx --output features'],
  async run(values, { operands: [file = ''], console }) {
    console.result(await makeCard({ ...values, file }), cardText);
    return 0;
  },
});

function cardText({ card, path, assumptions }: MadeCard): string {
  const { input } = card;
  const size = input.kind === 'frames' ? `${input.width} x ${input.height}` : counted(input.patchSamples, 'sample');
  const values = counted(card.output.dimension, 'value');
  const lines = [
    `${path}: ${card.name}, from ${input.kind} of ${size} (${input.layout}) to ${values} of '${card.output.name}'`,
    'ASSUMED, because the file does not say; compare with its documentation, and correct the card:',
    ...assumptions.map(({ field, value, why }) => `  ${field} = ${JSON.stringify(value)}  (${why})`),
    `Use: --${card.modality} ${printable(path) === path ? cardWord(path) : 'and the path of the card (its name contains characters that cannot be shown)'}`,
  ];
  return `${lines.map((line) => printable(line)).join('\n')}\n`;
}

const counted = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`;

/**
 * The path of a card as typed after an option, so that it is never taken for another option or for
 * the name of a network.
 */
function cardWord(path: string): string {
  return shellPath(/[./\\]/.test(path) ? path : `./${path}`);
}
