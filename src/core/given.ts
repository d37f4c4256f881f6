/** Options without those that are undefined. */
export type Given<Options> = { [Key in keyof Options]: Exclude<Options[Key], undefined> };

/** Options that all have a value. */
export type Resolved<Options> = { [Key in keyof Options]-?: Exclude<Options[Key], undefined> };

/**
 * Options without those that are undefined, so that omitted and undefined options are the same when
 * options are spread over defaults.
 *
 * @example
 * const options: { k?: number | undefined } = { k: undefined };
 * const { k } = { k: 40, ...given(options) }; // 40
 */
export function given<Options extends object>(options: Options): Given<Options> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<Options>;
}
