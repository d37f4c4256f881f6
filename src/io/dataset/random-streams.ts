/** The networks that a training store says its features were made by; none where it says none. */
export function networksOf(metadata: Readonly<Record<string, string>>): readonly unknown[] {
  try {
    const networks: unknown = JSON.parse(metadata.models ?? '[]');
    return Array.isArray(networks) ? networks : [];
  } catch {
    // Not written by `reduce`: it says nothing of networks.
    return [];
  }
}

/**
 * Those of the streams that a network with random weights made: what is learnt from them, or seen
 * in them, means nothing. A network that names no stream made all of them.
 *
 * @param networks what a dataset or a training store notes of them.
 */
export function randomStreams(networks: readonly unknown[], streams: readonly string[]): string[] {
  return streams.filter((name) =>
    networks.some((network) => {
      const { random, stream } = (network ?? {}) as { readonly random?: unknown; readonly stream?: unknown };
      return random === true && (stream === undefined || stream === name);
    }),
  );
}
