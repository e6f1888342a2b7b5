import type { TuningText } from '../types.ts';

/** A page has no files of its user's: it gives its database to `openGpu({ tuning })`. */
export const readTunings = async (_adapter: string): Promise<readonly TuningText[]> => [];
