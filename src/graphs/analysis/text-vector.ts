import { UsageError } from '../../core/errors.ts';
import { type DatasetFile, readDatasetFile } from '../../io/dataset/dataset-file.ts';
import { hashCard, loadCard } from '../../models/networks/card.ts';
import { encodeText } from '../../models/networks/encode-text.ts';
import { network } from '../../models/networks/network.ts';

/** A text to search features with. */
export interface TextOptions {
  readonly text: string;
  /** Path of the network card of the joint text-image network that made the features. */
  readonly network: string;
}

/** What a dataset records about a network. */
interface NotedNetwork {
  readonly stream?: string | undefined;
  readonly name?: string | undefined;
  readonly cardHash?: string | undefined;
  readonly weightsHash?: string | undefined;
}

/**
 * The vector of a text in the space of a dataset's stream, computed by the text half of the joint
 * network whose image half made the stream. The hashes of its card and its weights are checked.
 *
 * @throws UsageError `network` when the stream was made by another network, or has been reduced
 * since; as `encodeText`.
 */
export async function textVector(
  path: string,
  { text, network: cardPath }: TextOptions,
  stream: string,
): Promise<Float32Array> {
  const file = readDatasetFile(path);
  checkNotReduced(path, file, stream);
  const { weightsHash, cardHash } = network(cardPath);
  const loaded = loadCard(cardPath);
  const made = (file.models as readonly NotedNetwork[]).find((each) => each.stream === stream);
  // With float16 or int8, the card and the weights remain the same.
  if (made?.weightsHash !== weightsHash || (made.cardHash !== cardHash && made.cardHash !== hashCard(loaded.card))) {
    throw new UsageError(
      `the stream ${stream} of ${path} was made by ${made?.name ?? 'no network'} with other weights or another card than ${cardPath}`,
      {
        code: 'network',
        option: 'network',
        remedy: 'Give the card that the dataset was extracted with: text and images are comparable in one space only.',
      },
    );
  }
  return encodeText(loaded, text);
}

function checkNotReduced(path: string, { name, params }: DatasetFile, stream: string): void {
  if (name !== 'reduction' || (params as { readonly column?: unknown }).column !== stream) return;
  throw new UsageError(`${path} is a reduction, whose vectors are of another space than a text's`, {
    code: 'network',
    remedy: 'Search the dataset that it was made from.',
  });
}
