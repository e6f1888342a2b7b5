import type { FoundTuning } from '../tuning.ts';

/** A page has no files of its user's: it gives its database to `openGpu({ tuning })`. */
export const readTunings = async (_adapter: string): Promise<readonly FoundTuning[]> => [];
