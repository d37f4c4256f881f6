import { FlowError, UsageError } from '../../src/core/errors.ts';
import { catchInterrupts } from '../interrupts.ts';
import { cardCommand } from '../model-card.ts';
import { listCommand, verifyCommand } from '../model-list.ts';
import { importCommand, pullCommand } from '../model-transfers.ts';
import type { Arguments, Command } from '../options.ts';

/** `reelflow models`: networks by name, their weights in the model store, and cards of other networks. */
export const command: Command = {
  name: 'models',
  usage: 'list | import NAME FILE | pull NAME | verify [NAME] | card FILE.onnx',
  does: 'lists networks; stores, downloads and verifies their weights; writes model cards',
  options: {
    replace: { type: 'boolean', does: 'import, pull, card: in the place of what is there' },
    sha256: { type: 'string', value: 'HEX', does: 'import, pull: the hash that the file must have' },
    source: { type: 'string', value: 'URL', does: 'pull: a mirror in place of the official address' },
    timeout: {
      type: 'string',
      name: 'timeoutSeconds',
      value: 'SECONDS',
      does: 'pull: for an answer, and for the next bytes (default 30, at most 86400)',
    },
    out: { type: 'string', value: 'CARD', does: 'card: where to write it (default beside the file, NAME.card.json)' },
    output: { type: 'string', value: 'NAME', does: 'card: the tensor that is the feature vector' },
    modality: { type: 'string', value: 'KIND', does: 'card: visual or audio, where the input can be read both ways' },
    json: { type: 'boolean', does: 'prints JSON' },
  },
  examples: [
    'reelflow models list',
    'reelflow models pull alexnet',
    'reelflow models import alexnet alexnet-owt-7be5be79.pth',
    'reelflow models card network.onnx --output features',
  ],
  run,
};

/** The operands of each verb, and the options that have a meaning for it. */
const verbs: Readonly<Record<string, { readonly operands: readonly string[]; readonly options: readonly string[] }>> = {
  list: { operands: [], options: [] },
  import: { operands: ['NAME', 'FILE'], options: ['replace', 'sha256'] },
  pull: { operands: ['NAME'], options: ['replace', 'sha256', 'source', 'timeout'] },
  verify: { operands: ['[NAME]'], options: [] },
  card: { operands: ['FILE.onnx'], options: ['replace', 'out', 'output', 'modality'] },
};

async function run(args: Arguments): Promise<number> {
  const [verb = '', first = '', second = ''] = args.positionals;
  checkUse(args, verb);
  if (verb === 'list') return listCommand(args);
  if (verb === 'card') return cardCommand(args, first);
  const kept = verb === 'pull' ? '; what came so far is kept where the server lets the same command go on from it' : '';
  const interrupts = catchInterrupts((line) => process.stderr.write(`${line}\n`), `stopping${kept}`);
  const signal = interrupts.drain;
  try {
    if (verb === 'import') return await importCommand(args, first, second, signal);
    if (verb === 'pull') return await pullCommand(args, first, signal);
    return await verifyCommand(args, first === '' ? undefined : first, signal);
  } catch (error) {
    if (signal.aborted && error instanceof FlowError && error.code === 'aborted') return 130;
    throw error;
  } finally {
    interrupts.release();
  }
}

function checkUse(args: Arguments, verb: string): void {
  const use = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  const given = args.positionals.slice(1);
  const most = use?.operands.length ?? 0;
  const least = use?.operands.filter((operand) => !operand.startsWith('[')).length ?? 0;
  if (!use || given.length < least || given.length > most || given.includes('')) {
    const usage = use ? `\`reelflow models ${[verb, ...use.operands].join(' ')}\`` : `\`${command.usage}\``;
    const came = args.positionals.length === 0 ? 'nothing' : `'${args.positionals.join(' ').slice(0, 120)}'`;
    throw new UsageError(`\`reelflow models\` takes ${usage}, but ${came} came`);
  }
  const allowed = ['json', ...use.options];
  const isGiven = (name: string) => args.flag(name) || args.text(name) !== undefined;
  const stray = Object.keys(command.options).find((name) => !allowed.includes(name) && isGiven(name));
  if (stray !== undefined) throw new UsageError(`\`--${stray}\` has no meaning for \`reelflow models ${verb}\``);
}
