/** What tokens at the handshake, and headers of proxies, demand of the rest of the configuration. */
import type { Finding, Judged } from './config-rules.ts';
import { formatEndpoint } from './config-values.ts';

/** Tokens that nobody judges, and judges to whom no token comes, are mistakes; so are cookies that any page may use. */
export function checkHandshakes({ webSocketAuth, webSocket, credentials, listen }: Judged): Finding[] {
  if (webSocketAuth === undefined) return [];
  const { bearer, cookie, query, required } = webSocketAuth;
  const isOn = bearer || cookie !== undefined || query !== undefined;
  const findings: Finding[] = [];
  const expect = (path: Finding['path'], text: string) => findings.push({ path, text });
  if (cookie !== undefined && webSocket?.origins.length === 0) {
    expect(
      ['webSocketAuth', 'cookie'],
      'expected webSocket.origins, because a browser sends its cookies for any page; found none',
    );
  }
  if (required && !isOn)
    expect(['webSocketAuth', 'required'], 'expected bearer, cookie or query beside it, found none');
  if (isOn && listen?.every(({ scheme }) => scheme !== 'ws' && scheme !== 'wss')) {
    expect(['webSocketAuth'], 'expected a wss:// or ws:// listener in listen, found none');
  }
  const judges = credentials?.map(
    (store) => store.type === 'jwt' || store.type === 'ephemeral' || (store.type === 'http' && store.tokens),
  );
  if (isOn && judges?.includes(true) === false) {
    expect(
      ['webSocketAuth'],
      'expected a store in credentials that knows tokens: jwt, ephemeral, or http with tokens: true; found none',
    );
  }
  if (isOn) return findings;
  for (const [at, store] of (credentials ?? []).entries()) {
    const key = store.type === 'jwt' ? 'type' : store.type === 'http' && store.tokens ? 'tokens' : undefined;
    if (key === undefined) continue;
    expect(
      ['credentials', at, key],
      'expected webSocketAuth.bearer, cookie or query, with which tokens come; found none',
    );
  }
  return findings;
}

/** A listener that is not there, or a balancer that nobody has named. */
export function checkProxyProtocol({ proxyProtocol, listen }: Judged): Finding[] {
  if (proxyProtocol === undefined || listen === undefined) return [];
  const { listeners, proxies } = proxyProtocol;
  const known = listen.map(formatEndpoint);
  const findings: Finding[] = [...listeners.entries()]
    .filter(([, listener]) => !known.includes(listener))
    .map(([at, listener]) => ({
      path: ['proxyProtocol', 'listeners', at],
      text: `expected one of ${known.join(', ')}, found "${listener}"`,
    }));
  if ((listeners.length === 0) !== (proxies.length === 0)) {
    const [missing, given] = listeners.length === 0 ? ['listeners', 'proxies'] : ['proxies', 'listeners'];
    findings.push({
      path: ['proxyProtocol', missing],
      text: `expected together with proxyProtocol.${given}, found none`,
    });
  }
  return findings;
}
