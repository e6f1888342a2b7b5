/** Whether a training fits in memory, and what would. */

import { type Gpu, LimitError, type TrainingForecast } from 'kinegrad';
import { size } from '../../parts/size.ts';
import { forecastOf } from './learner.ts';
import { CHOICES, configFor, type Settings } from './settings.ts';

export interface Verdict {
  /** What it will take; missing where a single tensor is larger than the device takes at all. */
  readonly forecast: TrainingForecast | undefined;
  /** Why it cannot be, in a sentence. */
  readonly refusal?: string;
  /** The largest settings that fit, one changed at a time. */
  readonly instead: readonly { readonly what: 'width' | 'batch'; readonly value: number }[];
}

/** Judges settings by the plan of their step; nothing is allocated. */
export function judge(gpu: Gpu, settings: Settings, limit: number): Verdict {
  const { forecast, why } = planned(gpu, settings);
  if (forecast && forecast.total <= limit) return { forecast, instead: [] };
  const refusal =
    why ??
    `This training needs ${size(forecast!.total)} of the device's memory, and the limit is ${size(limit)}.`;
  const fits = (changed: Settings) => (planned(gpu, changed).forecast?.total ?? Infinity) <= limit;
  const smaller = (what: 'width' | 'batch') => {
    const values = CHOICES[settings.architecture][what];
    const value = values.findLast((v) => v < settings[what] && fits({ ...settings, [what]: v }));
    return value === undefined ? [] : [{ what, value }];
  };
  const instead = [...smaller('width'), ...smaller('batch')];
  return { forecast, refusal, instead };
}

function planned(gpu: Gpu, settings: Settings) {
  try {
    return { forecast: forecastOf(gpu, configFor(settings)), why: undefined };
  } catch (error) {
    if (error instanceof LimitError) return { forecast: undefined, why: sentence(error.message) };
    throw error;
  }
}

const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

const GIB = 2 ** 30;
export const LIMITS = [GIB / 16, GIB / 4, GIB / 2, GIB, 2 * GIB, 4 * GIB, 8 * GIB] as const;

/**
 * No browser tells how much memory the GPU has. A quarter of the machine's, of which some browsers
 * tell a rounded size, leaves room for all else.
 */
export function usualLimit(): number {
  const { deviceMemory = 4 } = navigator as Navigator & { deviceMemory?: number };
  return LIMITS.findLast((limit) => limit <= (deviceMemory * GIB) / 4) ?? LIMITS[0];
}
