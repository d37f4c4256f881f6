/** Node's code for a module whose nearest package.json does not say what kind of module it is. */
const CODE = 'MODULE_TYPELESS_PACKAGE_JSON';

/**
 * Keeps Node from warning, in the middle of a command, that a user's own module (`./mine.js`) had
 * to be read twice because no package.json says `"type": "module"`: it works, and nothing is wrong.
 */
export function silenceModuleTypeWarning(): void {
  const emitWarning = process.emitWarning.bind(process) as (...given: unknown[]) => void;
  process.emitWarning = (...given: unknown[]): void => {
    const [, how, code] = given;
    if (code !== CODE && (how as { readonly code?: unknown } | undefined)?.code !== CODE) emitWarning(...given);
  };
}
