import type { Body } from '../../src/transport/piece.ts';

/** A body of views that are on no store. */
export function bodyOf(...views: Uint8Array[]): Body {
  return { views, octets: views.reduce((sum, { length }) => sum + length, 0), stores: [] };
}
