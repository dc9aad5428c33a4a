/** Lists that hold one thing, as a rule. */

/**
 * `list` with `item` behind what it holds: the same list, but for an empty one. That would take room for 17 when it grows, where one that is
 * made with its first item takes room for one.
 */
export function appended<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}
