/** The text of the ES module that stands for a WGSL file. */
export function wgslModule(path: string): string;
