/** The text of the ES module that stands for a WGSL file. */
export function wgslModule(path: string, options?: { shipped?: boolean }): string;
/** A shader as it is shipped, in fewer bytes. */
export function bare(text: string): string;
