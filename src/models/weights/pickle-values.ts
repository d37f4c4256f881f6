/**
 * A Python name that a pickle refers to and that its reader knows: only the name, never the object
 * itself.
 */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/**
 * A value that the reader does not know, such as the `argparse.Namespace` beside a state dict:
 * nothing is built from it, and it is refused only if it is used. Whatever is derived from it is
 * opaque too.
 */
export class PickleOpaque {
  /**
   * @param why - continues 'the file ...'.
   * @param name - of the class, if it is one.
   */
  constructor(
    readonly why: string,
    readonly name = '',
  ) {}
}

/** A Python tuple. */
export class PickleTuple {
  constructor(readonly items: readonly unknown[]) {}
}

const axisLimit = 64;

/** Whether a value is a non-negative safe integer. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether a value is a tuple of at most 64 sizes: a shape, or strides. */
export function isSizes(value: unknown): value is PickleTuple {
  return value instanceof PickleTuple && value.items.length <= axisLimit && value.items.every(isSize);
}

/**
 * A Python dict or OrderedDict, in order. Keys other than strings, numbers, booleans and None are
 * compared by identity.
 */
export class PickleDictionary {
  readonly entries = new Map<unknown, unknown>();
}

/** A Python list. */
export class PickleList {
  readonly items: unknown[] = [];
}
