/** A set of octets of one message, kept as ranges: what was accepted, reported, received. */

/** 1-based and inclusive, as in Byte-Range (RFC 4975 §7.1.1). Never empty. */
export interface OctetRange {
  readonly start: number;
  readonly end: number;
}

/** A set has no more ranges than this: whoever tells of every other octet does not fill the memory with that. */
const MAX_RANGES = 1024;

/** Ranges that overlap or touch become one; so in-order traffic keeps a single one. */
export class OctetRanges {
  #ranges: OctetRange[] = [];

  /** In ascending order, none touching another. */
  get ranges(): readonly OctetRange[] {
    return this.#ranges;
  }

  /** How many octets the set holds. */
  get octets(): number {
    return this.#ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0);
  }

  /** Adds octets `start` to `end`; nothing when `end` is before `start`, or when that would be one range too many. */
  add(start: number, end: number): void {
    if (end < start) return;
    const last = this.#ranges.at(-1);
    if (last !== undefined && start >= last.start && start <= last.end + 1) {
      if (end > last.end) this.#ranges[this.#ranges.length - 1] = { start: last.start, end };
      return;
    }
    const before = this.#ranges.filter((range) => range.end < start - 1);
    const after = this.#ranges.filter((range) => range.start > end + 1);
    const touched = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    if (touched.length === 0 && this.#ranges.length >= MAX_RANGES) return;
    const merged = {
      start: Math.min(start, touched[0]?.start ?? start),
      end: Math.max(end, touched.at(-1)?.end ?? end),
    };
    this.#ranges = [...before, merged, ...after];
  }

  /** Takes octets `start` to `end` out again. */
  remove(start: number, end: number): void {
    if (end < start) return;
    this.#ranges = this.#ranges.flatMap((range) => [
      ...(range.start < start ? [{ start: range.start, end: Math.min(range.end, start - 1) }] : []),
      ...(range.end > end ? [{ start: Math.max(range.start, end + 1), end: range.end }] : []),
    ]);
  }

  /** Whether all of `start` to `end` is there; true of an empty range. */
  covers(start: number, end: number): boolean {
    return end < start || this.#ranges.some((range) => range.start <= start && range.end >= end);
  }

  /** What of `start` to `end` is not there, in order. */
  missing(start: number, end: number): OctetRange[] {
    const gaps: OctetRange[] = [];
    let from = start;
    for (const range of this.#ranges) {
      if (range.end < from || range.start > end) continue;
      if (range.start > from) gaps.push({ start: from, end: range.start - 1 });
      from = range.end + 1;
    }
    if (from <= end) gaps.push({ start: from, end });
    return gaps;
  }
}
