/** Methods that nothing calls, found by their names. */

/** Methods as three.js writes them: of classes, of constructors, and functions given as ones. */
const METHODS = [
  /^\t(?:static )?(?:get |set )?(?!(?:if|for|while|switch|function)\b)(?<name>\w+)\([^)\n]*\) \{\n[\s\S]*?^\t\}\n/gm,
  /^(\t+)this\.(?<name>\w+) = (?:async )?function ?\w*\([^)\n]*\) \{\n[\s\S]*?^\1\};\n/gm,
  /^\t+this\.(?<name>\w+) = [a-z]\w+;\n/gm,
];
/** Those that the language calls by itself. */
const CALLED = ['constructor', 'toString', 'valueOf'];

/** Those that only JSON, pointers at objects, readers of pixels and effects call: the page has none. */
const IDLE = ['toJSON', 'fromJSON', 'raycast', 'compile', 'setEffects'];

/**
 * The names of methods that no text speaks of but where they are defined.
 * @param modules texts without comments
 * @param callers other texts that may call what is in them
 */
export function uncalledMethods(
  modules: readonly string[],
  callers: readonly string[],
): ReadonlySet<string> {
  const uncalled = new Set([...IDLE, 'readRenderTargetPixels', 'readRenderTargetPixelsAsync']);
  const called = new Set([...CALLED, ...callers.flatMap((text) => text.match(/\w+/g) ?? [])]);
  // What only such methods call goes with them.
  for (;;) {
    const live = modules.map((text) => withoutMethods(text, uncalled));
    const spoken = new Map<string, number>();
    const count = (name: string, by: number) => spoken.set(name, (spoken.get(name) ?? 0) + by);
    const defined = new Set<string>();
    for (const text of live) {
      for (const [, name] of text.matchAll(/[.'"`](\w+)\b/g)) count(name!, 1);
      for (const kind of METHODS)
        for (const { 0: method, groups } of text.matchAll(kind)) {
          const name = groups!.name!;
          defined.add(name);
          if (method.trimStart().startsWith('this.')) count(name, -1);
        }
    }
    const found = [...defined].filter(
      (name) => !(spoken.get(name)! > 0) && !called.has(name) && !uncalled.has(name),
    );
    if (found.length === 0) return uncalled;
    for (const name of found) uncalled.add(name);
  }
}

export const withoutMethods = (text: string, names: ReadonlySet<string>): string =>
  METHODS.reduce(
    (left, kind) =>
      left.replace(kind, (method, ...groups) => (names.has(groups.at(-1).name) ? '' : method)),
    text,
  );
