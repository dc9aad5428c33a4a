/** Sizes for people. */

const UNITS = ['B', 'kB', 'MB', 'GB'] as const;

/** Such as `512 B`, `3.4 MB`. */
export function sizeInWords(octets: number): string {
  let value = octets;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}
