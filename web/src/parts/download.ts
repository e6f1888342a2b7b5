/** Hands a file to the visitor. */
export function download(
  name: string,
  data: string | Uint8Array<ArrayBuffer> | Blob,
  type: string,
) {
  const url = URL.createObjectURL(data instanceof Blob ? data : new Blob([data], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Browsers read the file after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
