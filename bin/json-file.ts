import { readFileSync } from 'node:fs';
import { UsageError } from '../src/core/errors.ts';
import { refuseAddress } from '../src/core/object-address.ts';
import { wordsOf } from '../src/core/words-of.ts';

/** The value of a JSON file. @throws UsageError when it cannot be read, or is not JSON. */
export function readJsonFile(path: string): unknown {
  refuseAddress(path);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${wordsOf(error)}`, { cause: error });
  }
  try {
    // Editors on Windows begin a file with a mark of its byte order.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${wordsOf(error)}`, { cause: error });
  }
}
