/**
 * What both places share about adapters: their kinds, and the reports that `kinegrad info` prints.
 */

import {
  ADAPTER_KINDS,
  type AdapterKind,
  type AdapterReport,
  type FoundAdapters,
} from './types.ts';

/** An adapter that was looked for: found and opened, seen by its name, or missing. */
export interface Candidate {
  readonly kind: AdapterKind;
  readonly name: string;
  readonly source: string;
  readonly adapter?: GPUAdapter | undefined;
  /** Why it cannot be used, where it cannot. */
  readonly refused?: string | undefined;
}

/**
 * The kind of an adapter. Software that is neither lavapipe nor SwiftShader counts as SwiftShader:
 * what that runs well, any software adapter does.
 */
export function kindOf(info: GPUAdapterInfo): AdapterKind {
  const named = kindOfName(
    `${info.vendor} ${info.architecture} ${info.device} ${info.description}`,
  );
  return named === 'hardware' && info.isFallbackAdapter ? 'swiftshader' : named;
}

export function kindOfName(name: string): AdapterKind {
  if (/llvmpipe|lavapipe/i.test(name)) return 'lavapipe';
  return /swiftshader/i.test(name) ? 'swiftshader' : 'hardware';
}

/** The candidate to use, if any, and why each was taken or not, best first. */
export function choose(
  candidates: readonly Candidate[],
  wanted: AdapterKind | undefined,
  remedies: readonly string[],
): FoundAdapters {
  const sorted = candidates.toSorted((a, b) => rank(a.kind) - rank(b.kind));
  const chosen = sorted.find(({ kind, adapter }) => adapter && kind === (wanted ?? kind));
  const reports = sorted.map((candidate) => report(candidate, chosen, wanted));
  if (chosen?.adapter) return { adapter: chosen.adapter, reports, remedies: [] };
  const choice = `leave the choice of ${wanted} out to take the best adapter that there is`;
  return { reports, remedies: wanted ? [choice, ...remedies] : remedies };
}

const rank = (kind: AdapterKind) => ADAPTER_KINDS.indexOf(kind);

function report(
  candidate: Candidate,
  chosen: Candidate | undefined,
  wanted: AdapterKind | undefined,
): AdapterReport {
  const { kind, name, source, adapter } = candidate;
  const limits: Record<string, number> = {};
  // Limits are getters of the prototype, so that spreading them gives nothing.
  for (const limit in adapter?.limits) {
    limits[limit] = adapter.limits[limit as keyof GPUSupportedLimits] as number;
  }
  return {
    kind,
    name: name || adapter?.info.device || '',
    driver: adapter?.info.description || adapter?.info.vendor || '',
    source,
    chosen: candidate === chosen,
    why: why(candidate, chosen, wanted),
    limits,
    features: [...(adapter?.features ?? [])].toSorted(),
  };
}

function why(
  candidate: Candidate,
  chosen: Candidate | undefined,
  wanted: AdapterKind | undefined,
): string {
  if (candidate.refused) return candidate.refused;
  if (wanted) return `${wanted} was asked for`;
  if (candidate === chosen) {
    return `the best there is, in the order ${ADAPTER_KINDS.join(', ')}`;
  }
  return chosen?.kind === candidate.kind
    ? `the driver prefers ${chosen.name || 'another'}`
    : `${chosen?.kind} is faster`;
}
