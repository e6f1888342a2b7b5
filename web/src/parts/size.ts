/** Bytes for people: 512 KiB, 21.4 MiB, 2 GiB. */
export function size(n: number): string {
  const unit = n < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(n) / 10));
  const value = n / 1024 ** unit;
  const shown = value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1);
  return `${shown} ${['B', 'KiB', 'MiB', 'GiB'][unit]}`;
}
