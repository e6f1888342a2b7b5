import type { FoundTuning } from '../tuning.ts';

/** A page has no files of its user's: it gives its database to `openGpu({ tuning })`. */
export async function* readTunings(_adapter: string): AsyncGenerator<FoundTuning> {}
