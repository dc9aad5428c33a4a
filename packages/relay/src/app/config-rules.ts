/** What the keys of a configuration demand of one another. Nothing is read from disk here. */
import { checkCredentials } from './config-credential-rules.ts';
import { checkHandshakes, checkProxyProtocol } from './config-handshake-rules.ts';
import type { ConfigPath } from './config-place.ts';
import type { Sections } from './config-schema.ts';
import { type Endpoint, formatEndpoint, isLoopback } from './config-values.ts';

/** One thing that is wrong, before anybody has looked up where it stands. */
export interface Finding {
  readonly path: ConfigPath;
  readonly text: string;
}

/** The sections that are right in themselves. */
export type Judged = Partial<Sections>;

/** Everything the sections have against one another. */
export function checkRules(judged: Judged): Finding[] {
  return [
    ...checkNames(judged),
    ...checkRealms(judged),
    ...checkListeners(judged),
    ...checkChunks(judged),
    ...checkWebSockets(judged),
    ...checkHandshakes(judged),
    ...checkProxyProtocol(judged),
    ...checkCleartext(judged),
    ...checkAdmin(judged),
    ...checkOrder(judged),
    ...checkCredentials(judged),
  ];
}

/** U-16: `localhost` means something on this machine only. */
function checkNames({ hostname, aliases = [], domains = [], listen }: Judged): Finding[] {
  const beyond = listen?.find(({ host }) => !isLoopback(host));
  if (beyond === undefined) return [];
  const text = `expected a name that others can resolve, found "localhost" although ${formatEndpoint(beyond)} is not on loopback`;
  const names: { path: ConfigPath; name: string }[] = [
    ...aliases.map((name, at) => ({ path: ['aliases', at], name })),
    ...domains.map((name, at) => ({ path: ['domains', at], name })),
  ];
  if (hostname !== undefined) names.push({ path: ['hostname'], name: hostname });
  return names
    .filter(({ name }) => name === 'localhost' || name.endsWith('.localhost'))
    .map(({ path }) => ({ path, text }));
}

/** A realm that no AUTH can be addressed to is a mistake. */
function checkRealms({ hostname, aliases, domains, realms = {} }: Judged): Finding[] {
  if (hostname === undefined || aliases === undefined || domains === undefined) return [];
  const ours = new Set([hostname, ...aliases, ...domains]);
  return Object.keys(realms)
    .filter((host) => !ours.has(host))
    .map((host) => ({
      path: ['realms', host],
      text: 'expected a name that is hostname, or in aliases or domains, found another one',
    }));
}

function checkListeners({ listen = [], tls }: Judged): Finding[] {
  const findings: Finding[] = [];
  if (tls === undefined) return findings;
  const secured = listen.find(({ scheme }) => scheme === 'tls' || scheme === 'wss');
  for (const key of ['cert', 'key'] as const) {
    const other = key === 'cert' ? 'key' : 'cert';
    if (tls[key] !== undefined) continue;
    if (secured !== undefined) {
      findings.push({ path: ['tls', key], text: `expected a PEM file for ${formatEndpoint(secured)}, found nothing` });
    } else if (tls[other] !== undefined) {
      findings.push({ path: ['tls', key], text: `expected together with tls.${other}, found nothing` });
    }
  }
  return findings;
}

/** WS-12: session URIs of WebSocket clients name a port that the rest of the world can reach. */
function checkWebSockets({ listen = [] }: Judged): Finding[] {
  const at = listen.findIndex(({ scheme }) => scheme === 'ws' || scheme === 'wss');
  const endpoint = listen[at];
  if (endpoint === undefined || listen.some(({ scheme }) => scheme === 'tls')) return [];
  const text = `expected a tls:// listener beside ${formatEndpoint(endpoint)}, whose clients others reach there; found none`;
  return [{ path: ['listen', at], text }];
}

/** What is said about a listener must be about one that there is. */
function checkChunks({ listen, chunk }: Judged): Finding[] {
  if (listen === undefined || chunk === undefined) return [];
  const listeners = listen.map(formatEndpoint);
  return Object.keys(chunk.listeners)
    .filter((key) => !listeners.includes(key))
    .map((key) => ({ path: ['chunk', 'listeners', key], text: `expected one of ${listeners.join(', ')} as its key` }));
}

/** AU-01, SE-03: cleartext stays on this machine, or on a network that somebody vouches for. */
function checkCleartext({ listen = [], auth, trustedNetwork }: Judged): Finding[] {
  if (trustedNetwork !== false) return [];
  const exposed = (endpoint: Endpoint<string>) =>
    (endpoint.scheme === 'tcp' || endpoint.scheme === 'ws') && !isLoopback(endpoint.host);
  const findings: Finding[] = listen.flatMap((endpoint, at) => {
    if (!exposed(endpoint)) return [];
    const text = `expected a loopback address or trustedNetwork: true, found ${formatEndpoint(endpoint)}`;
    return [{ path: ['listen', at], text }];
  });
  const first = listen.find(exposed);
  if (auth?.allowCleartext === true && first !== undefined) {
    const text = `expected false, or trustedNetwork: true, because ${formatEndpoint(first)} is not on loopback; found true`;
    findings.push({ path: ['auth', 'allowCleartext'], text });
  }
  return findings;
}

function checkAdmin({ admin, trustedNetwork }: Judged): Finding[] {
  if (admin === undefined || trustedNetwork !== false) return [];
  const { listen } = admin;
  if (listen.scheme === 'unix' || isLoopback(listen.host)) return [];
  const text = `expected a loopback address or trustedNetwork: true, found ${formatEndpoint(listen)}`;
  return [{ path: ['admin', 'listen'], text }];
}

function checkOrder({ flow, expires }: Judged): Finding[] {
  const findings: Finding[] = [];
  if (flow !== undefined && flow.lowWaterOctets >= flow.highWaterOctets) {
    const text = `expected less than flow.highWaterOctets (${flow.highWaterOctets}), found ${flow.lowWaterOctets}`;
    findings.push({ path: ['flow', 'lowWaterOctets'], text });
  }
  if (flow !== undefined && flow.sessionOctets < flow.highWaterOctets) {
    const text = `expected at least flow.highWaterOctets (${flow.highWaterOctets}), found ${flow.sessionOctets}`;
    findings.push({ path: ['flow', 'sessionOctets'], text });
  }
  if (expires === undefined) return findings;
  if (expires.min > expires.max) {
    const text = `expected at most expires.max (${expires.max}), found ${expires.min}`;
    return [...findings, { path: ['expires', 'min'], text }];
  }
  if (expires.default < expires.min || expires.default > expires.max) {
    const text = `expected expires.min to expires.max (${expires.min} to ${expires.max}), found ${expires.default}`;
    findings.push({ path: ['expires', 'default'], text });
  }
  return findings;
}
