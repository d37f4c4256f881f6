import type { CardFields } from './card-fields.ts';

/**
 * The text half of a joint text-image network: it maps a text to a vector in the same space as the
 * frames' vectors.
 */
export interface CardText {
  /** Path of its ONNX file relative to the card, inside the card's folder. */
  readonly file: string;
  /** SHA-256 of the file; verified when given. */
  readonly sha256?: string | undefined;
  /** Path of its `tokenizer.json`, likewise. */
  readonly tokenizer: string;
  /** Number of tokens of a text: shorter texts are padded, longer ones refused. */
  readonly length: number;
  /** The padding token. */
  readonly padding: number;
  /** The input that takes token ids, int64 [1, length]. Default `input_ids`. */
  readonly ids: string;
  /** The input for the attention mask, if there is one. */
  readonly mask?: string | undefined;
  /** The output: float32 [1, dimension], as many values as the card's own. */
  readonly output: string;
}

/**
 * Reads the field `text` of a card.
 *
 * @throws ModelError `card`.
 */
export function cardText(card: CardFields): CardText {
  const names = ['file', 'sha256', 'tokenizer', 'length', 'padding', 'ids', 'mask', 'output'];
  const fields = card.inside('text', names);
  const sha256 = fields.optional('sha256', () =>
    fields.pattern('sha256', /^[0-9a-f]{64}$/i, '64 hexadecimal digits').toLowerCase(),
  );
  const mask = fields.optional('mask', () => fields.text('mask'));
  return {
    file: fields.text('file'),
    sha256,
    tokenizer: fields.text('tokenizer'),
    length: fields.integer('length', 1, 4096),
    padding: fields.integer('padding', 0, 10_000_000),
    ids: fields.optional('ids', () => fields.text('ids')) ?? 'input_ids',
    mask,
    output: fields.text('output'),
  };
}
