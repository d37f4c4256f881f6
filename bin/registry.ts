import type { Command, CommandGroup } from './command.ts';

/** A named command, whose module is loaded when the command is called. */
export interface RegisteredCommand {
  readonly name: string;
  /** Former names, which still work but are not shown. */
  readonly formerly?: readonly string[] | undefined;
  readonly load: () => Promise<{ readonly command: Command | CommandGroup }>;
}

/** Every command. */
export const registry: readonly RegisteredCommand[] = [
  { name: 'fetch', load: () => import('./commands/fetch.ts') },
  { name: 'extract', load: () => import('./commands/extract.ts') },
  { name: 'worker', load: () => import('./commands/worker.ts') },
  { name: 'explain', load: () => import('./commands/explain.ts') },
  { name: 'compact', load: () => import('./commands/compact.ts') },
  { name: 'reduce', load: () => import('./commands/reduce.ts') },
  { name: 'status', load: () => import('./commands/status.ts') },
  { name: 'prune', load: () => import('./commands/prune.ts') },
  { name: 'analyze', load: () => import('./commands/analyze.ts') },
  { name: 'import-features', load: () => import('./commands/import-features.ts') },
  { name: 'dead', load: () => import('./commands/dead.ts') },
  { name: 'evaluate', load: () => import('./commands/evaluate.ts') },
  { name: 'off-policy', load: () => import('./commands/off-policy.ts') },
  { name: 'experiment', load: () => import('./commands/experiment.ts') },
  { name: 'search', load: () => import('./commands/search.ts') },
  { name: 'report', load: () => import('./commands/report.ts') },
  { name: 'weights', formerly: ['models'], load: () => import('./commands/weights.ts') },
  { name: 'doctor', load: () => import('./commands/doctor.ts') },
  { name: 'trim', load: () => import('./commands/trim.ts') },
  { name: 'train', load: () => import('./commands/train.ts') },
  { name: 'recommend', load: () => import('./commands/recommend.ts') },
  { name: 'explain-item', load: () => import('./commands/explain-item.ts') },
  { name: 'elicit', load: () => import('./commands/elicit.ts') },
  { name: 'demo', load: () => import('./commands/demo.ts') },
  { name: 'serve', load: () => import('./commands/serve.ts') },
  { name: 'mcp', load: () => import('./commands/mcp.ts') },
  { name: 'completion', load: () => import('./commands/completion.ts') },
];

/** Every command, loaded. */
export async function loadAll(): Promise<(Command | CommandGroup)[]> {
  return Promise.all(registry.map(async ({ load }) => (await load()).command));
}
