import { ModelError } from '../../core/errors.ts';
import { reachable } from '../onnx/cut-network.ts';
import { rowSizes } from '../onnx/infer-shapes.ts';
import { elementTypes, type GraphValue, type OnnxGraph } from '../onnx/onnx-graph.ts';
import { assemble } from './assemble.ts';
import type { CardPreprocess, NetworkCard } from './card.ts';
import { type Assumption, type GuessedInput, guessAudio, guessFrames, otherThanAudio } from './guess-input.ts';
import { measuredDimension } from './measured-dimension.ts';
import { imagenet } from './network-entry.ts';

export type { Assumption };

/** What is known beyond the file. */
export interface GuessOptions {
  /** Name of the card. */
  readonly name: string;
  /**
   * The tensor that is the feature vector; required if the file has several outputs. Inner tensors
   * can be named too.
   */
  readonly output?: string | undefined;
  /** What the input is, if its shape is ambiguous. */
  readonly modality?: 'visual' | 'audio' | undefined;
}

/** A card, and which of its fields the file does not state. */
export interface GuessedCard {
  readonly card: NetworkCard;
  readonly assumptions: readonly Assumption[];
}

/** torchvision's pixel preprocessing for networks trained on ImageNet. */
const imageNet: CardPreprocess = { resize: 'crop', ...imagenet };

const listLimit = 12;

/**
 * Makes a network card from an ONNX file's inputs and outputs. What the file does not state
 * (channel order, scale, mean, deviation, resizing, the meaning of a spectrogram's axes) is filled
 * in with the usual values and listed. The returned card always matches the graph.
 *
 * @param origin - what messages call the file.
 * @throws ModelError `card` listing what the file has, if the output or the kind of input is
 * ambiguous; SystemError `session` if the network must be run to find its dimension, and cannot.
 */
export async function guessCard(graph: OnnxGraph, origin: string, options: GuessOptions): Promise<GuessedCard> {
  const output = chooseOutput(graph, origin, options.output);
  const network = reachable(graph, output);
  const [input, another] = network.inputs;
  if (!input || another) {
    throw new ModelError(
      'card',
      `${origin} needs ${network.inputs.length} inputs for output '${output.name}' (${described(network.inputs)}); a network with exactly one is needed`,
      { remedy: 'Give an output that needs one input only as `output`.' },
    );
  }
  const guessed = guessInput(input, origin, options.modality);
  const assumptions = [...guessed.assumptions];
  const isVisual = guessed.input.kind === 'frames';
  const undecided: NetworkCard = {
    name: options.name,
    modality: isVisual ? 'visual' : 'audio',
    input: guessed.input,
    preprocess: guessed.input.kind === 'frames' ? pixelRules(guessed.input.dtype, assumptions) : undefined,
    output: { name: output.name, dimension: 1 },
  };
  const told = dimensionOf(network, output, guessed, assumptions);
  const dimension = told ?? (await measuredDimension(undecided, graph, origin));
  if (told === undefined) {
    const why = 'not stated by the file or its operations; measured by running one row';
    assumptions.push({ field: 'output.dimension', value: dimension, why });
  }
  const card = { ...undecided, output: { name: output.name, dimension } };
  assemble(card, graph, origin);
  return { card, assumptions };
}

function chooseOutput(graph: OnnxGraph, origin: string, wanted: string | undefined): GraphValue {
  const remedy = 'Give the tensor that is the feature vector as `output`.';
  if (wanted === undefined) {
    const [only, another] = graph.outputs;
    if (only && !another) return only;
    throw new ModelError('card', `${origin} has ${graph.outputs.length} outputs: ${described(graph.outputs)}`, {
      remedy,
    });
  }
  const declared = graph.outputs.find(({ name }) => name === wanted);
  if (declared) return declared;
  const tensors = graph.nodes.flatMap(({ outputs }) => outputs);
  if (tensors.includes(wanted)) return { name: wanted, elementType: elementTypes.float32 };
  const last = tensors.slice(-listLimit).map((name) => `'${name}'`);
  throw new ModelError(
    'card',
    `${origin} has no tensor '${wanted}'; its outputs are ${described(graph.outputs)}, its last tensors ${last.join(', ')}`,
    { remedy },
  );
}

function guessInput(input: GraphValue, origin: string, modality: GuessOptions['modality']): GuessedInput {
  const isBytes = input.elementType === elementTypes.uint8;
  const { shape } = input;
  if (shape && (isBytes || input.elementType === elementTypes.float32)) {
    const frames = modality !== 'audio' && guessFrames(input.name, shape, isBytes ? 'uint8' : 'float32');
    const guessed = frames || (modality !== 'visual' && !isBytes && guessAudio(input.name, shape));
    const other = guessed && !frames && modality === undefined ? otherThanAudio(input.name, shape) : undefined;
    if (other !== undefined) {
      throw new ModelError('card', `the input of ${origin} may be audio or ${other}: ${described([input])}`, {
        remedy: `Give \`modality: 'audio'\` if it is sound; a network of ${other === 'a greyscale image' ? 'greyscale images' : 'features'} cannot be described by a card.`,
      });
    }
    if (guessed) return guessed;
  }
  const asked = modality === undefined ? 'neither frames nor audio' : `not ${modality}`;
  throw new ModelError('card', `the input of ${origin} is ${asked} of a known form: ${described([input])}`, {
    remedy:
      'Known are frames as float32 or uint8 [N, 3, H, W] or [N, H, W, 3]; audio as float32 [N, S], [N, 1, S] or [N, S, 1]; log-mel with 64 bands as [N, 1, F, 64], [N, F, 64], [N, F, 64, 1], [N, 1, 64, F] or [N, 64, F].',
  });
}

function pixelRules(dtype: 'float32' | 'uint8', assumptions: Assumption[]): CardPreprocess {
  // A network that takes bytes normalises them itself.
  const known = dtype === 'uint8' ? { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } : {};
  for (const [field, value] of Object.entries(imageNet)) {
    if (Object.hasOwn(known, field)) continue;
    assumptions.push({ field: `preprocess.${field}`, value, why: 'as is usual for networks trained on ImageNet' });
  }
  return { ...imageNet, ...(known as Partial<CardPreprocess>) };
}

function dimensionOf(
  network: OnnxGraph,
  output: GraphValue,
  guessed: GuessedInput,
  assumptions: Assumption[],
): number | undefined {
  const sizes = output.shape?.slice(1) ?? [];
  const product = sizes.reduce<number>((total, size) => (typeof size === 'number' ? total * size : Number.NaN), 1);
  const declared = output.shape && output.shape.length > 0 && Number.isSafeInteger(product) ? product : undefined;
  if (declared !== undefined) return declared;
  const inputs = network.inputs.map((input) => ({ ...input, shape: filled(input.shape ?? [], guessed) }));
  const inferred = rowSizes({ ...network, inputs }).outputs.get(output.name);
  if (inferred === undefined || inferred < 1) return undefined;
  const why = 'the file does not state it; inferred from its operations';
  assumptions.push({ field: 'output.dimension', value: inferred, why });
  return inferred;
}

/** The input's shape with the sizes chosen for its symbolic axes. */
function filled(shape: readonly (number | string)[], { input }: GuessedInput): readonly (number | string)[] {
  const sizes: Record<string, number | undefined> =
    input.kind === 'frames'
      ? { C: 3, H: input.height, W: input.width }
      : { 1: 1, S: input.patchSamples, F: input.frames, B: 64 };
  return shape.map((size, axis) => sizes[input.layout[axis] ?? ''] ?? size);
}

const typeNames: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  6: 'int32',
  7: 'int64',
  10: 'float16',
  11: 'float64',
};

function described(values: readonly GraphValue[]): string {
  const texts = values.slice(0, listLimit).map(({ name, elementType, shape }) => {
    const type = typeNames[elementType] ?? `element type ${elementType}`;
    return `'${name}' ${type} ${shape ? `[${shape.join(', ')}]` : 'of unknown shape'}`;
  });
  return texts.length === 0 ? 'none' : `${texts.join(', ')}${values.length > listLimit ? ', ...' : ''}`;
}
