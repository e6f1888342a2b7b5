/** Undo and redo of whole states, which are never changed in place. */

export interface History<State> {
  /** Keeps the state that is about to be left. */
  keep(state: State): void;
  undo(current: State): State | undefined;
  redo(current: State): State | undefined;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

/** @param most states that are kept; the oldest go first */
export function history<State>(most = 200): History<State> {
  const past: State[] = [];
  const future: State[] = [];
  return {
    keep(state) {
      past.push(state);
      if (past.length > most) past.shift();
      future.length = 0;
    },
    undo(current) {
      const state = past.pop();
      if (state !== undefined) future.push(current);
      return state;
    },
    redo(current) {
      const state = future.pop();
      if (state !== undefined) past.push(current);
      return state;
    },
    get canUndo() {
      return past.length > 0;
    },
    get canRedo() {
      return future.length > 0;
    },
  };
}
