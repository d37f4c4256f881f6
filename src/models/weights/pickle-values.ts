/** A name of a Python module that a pickle refers to and that its reader knows: a word, never the thing itself. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/** A Python tuple. */
export class PickleTuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** A Python dict or OrderedDict, in order. Keys that are no text, number, truth value or None are told apart by identity. */
export class PickleDictionary {
  readonly entries = new Map<unknown, unknown>();
}

/** A Python list. */
export class PickleList {
  readonly items: unknown[] = [];
}
