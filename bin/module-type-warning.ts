/** Node's code for a module whose nearest package.json does not declare its module type. */
const CODE = 'MODULE_TYPELESS_PACKAGE_JSON';

/**
 * Keeps Node from warning, in the middle of a command, that a user's own module (`./mine.js`) was
 * parsed twice because no package.json says `"type": "module"`: the module works, and nothing is
 * wrong.
 */
export function silenceModuleTypeWarning(): void {
  const emitWarning = process.emitWarning.bind(process) as (...given: unknown[]) => void;
  process.emitWarning = (...given: unknown[]): void => {
    const [, how, code] = given;
    if (code !== CODE && (how as { readonly code?: unknown } | undefined)?.code !== CODE) emitWarning(...given);
  };
}
