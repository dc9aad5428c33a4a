/** What the keys of a store of type `jwt` demand of one another, and the public keys that it names. */
import { readPublicKeys } from '../auth/public-keys.ts';
import type { PemPath, readAuthorities } from './config-certificate.ts';
import { readText } from './config-certificate.ts';
import type { CredentialSettings } from './config-credentials.ts';
import { SECRET_OCTETS } from './config-jwt.ts';
import type { Finding } from './config-rules.ts';

type Store = Extract<CredentialSettings, { readonly type: 'jwt' }>;

/** Everything that is wrong with a store that is right in its parts. */
export function checkJwt(store: Store, at: number): Finding[] {
  return [...checkSource(store, at), ...checkAlgorithms(store, at), ...checkMeaning(store, at)];
}

function checkSource({ secrets, keys, url, ca }: Store, at: number): Finding[] {
  const given = Object.entries({ secrets, keys, url }).filter(([, value]) => value !== undefined);
  const findings: Finding[] = [];
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none of them' : given.map(([key]) => key).join(' and ');
    findings.push({
      path: ['credentials', at, given[1]?.[0] ?? 'type'],
      text: `expected one of secrets, keys and url, found ${found}`,
    });
  }
  if (ca !== undefined && url === undefined) {
    findings.push({ path: ['credentials', at, 'ca'], text: 'expected together with url, found without it' });
  }
  return findings;
}

/** A public key must never be taken for a shared secret: everybody has it. */
function checkAlgorithms({ secrets, algorithms = [] }: Store, at: number): Finding[] {
  const findings: Finding[] = [];
  for (const [index, algorithm] of algorithms.entries()) {
    const path = ['credentials', at, 'algorithms', index];
    const least = SECRET_OCTETS[algorithm as keyof typeof SECRET_OCTETS] as number | undefined;
    if ((least !== undefined) !== (secrets !== undefined)) {
      const wanted = secrets === undefined ? 'an algorithm for public keys' : 'an algorithm for shared secrets';
      findings.push({ path, text: `expected ${wanted}, found ${algorithm}` });
    } else if (least !== undefined && secrets?.some((secret) => Buffer.byteLength(secret) < least)) {
      findings.push({
        path,
        text: `expected secrets of at least ${least} octets for ${algorithm}, found a shorter one`,
      });
    }
  }
  return findings;
}

/** An issuer with public keys signs tokens for many services. */
function checkMeaning({ secrets, issuers, audiences }: Store, at: number): Finding[] {
  if (secrets !== undefined) return [];
  return Object.entries({ issuers, audiences })
    .filter(([, value]) => value === undefined)
    .map(([key]) => ({
      path: ['credentials', at, key],
      text: 'expected a list of texts, because tokens for others have the same keys; found nothing',
    }));
}

/** Reads the public keys that `given`, a path, PEM text or JWK Set, names; gives them back as a JWK Set. */
export function readJwtKeys(
  path: PemPath,
  given: string | undefined,
  demands: Parameters<typeof readAuthorities>[2],
): { keys: string | undefined; findings: Finding[] } {
  const findings: Finding[] = [];
  const text = readText(path, given, demands, findings);
  if (text === undefined) return { keys: undefined, findings };
  const { keys, faults } = readPublicKeys(text);
  findings.push(...faults.map((fault) => ({ path, text: `expected public keys in PEM or a JWK Set, found ${fault}` })));
  return { keys: JSON.stringify({ keys }), findings };
}
