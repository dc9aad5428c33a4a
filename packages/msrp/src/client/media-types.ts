/** Which content a peer takes: accept-types, accept-wrapped-types and max-size of its SDP. RFC 4975 §8.6. */

/** What one side of a session takes. Lists hold media types, `type/*` or `*`. */
export interface Acceptance {
  readonly acceptTypes: readonly string[];
  /** Types that are taken inside of a container only, in addition to `acceptTypes`. */
  readonly acceptWrappedTypes?: readonly string[] | undefined;
  /** Octets of a whole message; undefined means no bound. */
  readonly maxSize?: number | undefined;
}

/** `type/subtype` of a Content-Type, in lower case and without parameters. */
export function mediaTypeOf(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}

/** Whether `contentType` is in `types`, itself or by a wildcard. */
export function isAmong(types: readonly string[], contentType: string): boolean {
  const mediaType = mediaTypeOf(contentType);
  const family = `${mediaType.slice(0, mediaType.indexOf('/'))}/*`;
  return types.some((entry) => {
    const type = mediaTypeOf(entry);
    return type === '*' || type === mediaType || type === family;
  });
}

/** Why a message must not be sent to a side with this acceptance; undefined when it may. */
export function reasonAgainst(acceptance: Acceptance, contentType: string, octets: number | undefined) {
  if (!isAmong(acceptance.acceptTypes, contentType)) return 'type' as const;
  if (acceptance.maxSize !== undefined && (octets ?? 0) > acceptance.maxSize) return 'size' as const;
  return undefined;
}
