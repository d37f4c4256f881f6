/** The networks that made the features, according to a training store; empty if it names none. */
export function networksOf(metadata: Readonly<Record<string, string>>): readonly unknown[] {
  try {
    const networks: unknown = JSON.parse(metadata.models ?? '[]');
    return Array.isArray(networks) ? networks : [];
  } catch {
    // Not written by `reduce`, so it says nothing about networks.
    return [];
  }
}

/**
 * The streams that were made by a network with random weights: anything learnt from them or seen in
 * them is meaningless. A network that names no stream made all of them.
 *
 * @param networks what a dataset or a training store records about them.
 */
export function randomStreams(networks: readonly unknown[], streams: readonly string[]): string[] {
  return streams.filter((name) =>
    networks.some((network) => {
      const { random, stream } = (network ?? {}) as { readonly random?: unknown; readonly stream?: unknown };
      return random === true && (stream === undefined || stream === name);
    }),
  );
}
