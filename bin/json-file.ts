import { readFileSync } from 'node:fs';
import { UsageError } from '../src/core/errors.ts';
import { refuseAddress } from '../src/core/object-address.ts';

/** The value of a JSON file. @throws UsageError when it cannot be read, or is not JSON. */
export function readJsonFile(path: string): unknown {
  refuseAddress(path);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    // Editors on Windows begin a file with a mark of its byte order.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
