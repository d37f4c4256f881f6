import { SystemError } from './errors.ts';

/**
 * Loads packages that are installed only if they are needed.
 *
 * @param packages - the package, or all that are needed together.
 * @param load - imports them.
 * @throws SystemError `package` if one is missing.
 * @example
 * const load = () => import('apache-arrow');
 * const { tableFromIPC } = await optionalPackage('apache-arrow', 'a table of Arrow', load);
 */
export async function optionalPackage<Module>(
  packages: string | readonly string[],
  what: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const names = [packages].flat();
    throw new SystemError('package', `${what} needs ${names.join(' and ')}, which cannot be loaded`, {
      remedy: `Install ${names.length > 1 ? 'them' : 'it'} next to reelflow: \`npm install ${names.join(' ')}\`.`,
      cause,
    });
  }
}
