/**
 * The three functions of `Reflect` metadata that the certificate library's wiring asks for when it is loaded. It keeps
 * notes on its own classes with them and nothing else; the full polyfill would be a dependency for that alone.
 */

type Notes = Map<unknown, unknown>;

const notesByTarget = new WeakMap<object, Notes>();

function getOwnMetadata(key: unknown, target: object): unknown {
  return notesByTarget.get(target)?.get(key);
}

function getMetadata(key: unknown, target: object): unknown {
  for (
    let at: unknown = target;
    at !== null && (typeof at === 'object' || typeof at === 'function');
    at = Object.getPrototypeOf(at)
  ) {
    const notes = notesByTarget.get(at);
    if (notes?.has(key)) return notes.get(key);
  }
  return undefined;
}

function defineMetadata(key: unknown, value: unknown, target: object): void {
  const notes: Notes = notesByTarget.get(target) ?? new Map();
  notesByTarget.set(target, notes.set(key, value));
}

/** Adds the functions where nobody has added them yet. */
export function provideReflection(): void {
  if (!('getMetadata' in Reflect)) Object.assign(Reflect, { getMetadata, getOwnMetadata, defineMetadata });
}
