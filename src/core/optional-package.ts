import { SystemError } from './errors.ts';

/**
 * Loads a package that is installed only if it is needed.
 *
 * @param load - imports it.
 * @throws SystemError `package` if it is missing.
 * @example
 * const { Tokenizer } = await optionalPackage('@huggingface/tokenizers', 'a search for text', () => import('@huggingface/tokenizers'));
 */
export async function optionalPackage<Module>(
  name: string,
  what: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    throw new SystemError('package', `${what} needs ${name}, which cannot be loaded`, {
      remedy: `Install it next to reelflow: \`npm install ${name}\`.`,
      cause,
    });
  }
}
