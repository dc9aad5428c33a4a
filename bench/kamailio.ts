/** Debian's Kamailio as the relay to be compared with, set up to be fast. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Certificate } from './certificate.ts';
import type { Load } from './loads.ts';
import { type Ports, startNative } from './native-program.ts';
import type { Contender } from './subject.ts';

/** The packages that it needs. */
export const KAMAILIO_PACKAGES = ['kamailio', 'kamailio-tls-modules'] as const;

/** The largest frame that it takes; larger ones end the connection. */
const MAX_FRAME_OCTETS = 11_000;

/** @param folder - one that may be made; its files go there. */
export function kamailio(folder: string, certificate: Certificate): Contender {
  mkdirSync(folder, { recursive: true });
  return {
    name: 'Kamailio',
    notes: [
      'Kamailio runs with two worker processes, four where many connections come at once, and one over TLS: with more, its TLS corrupts shared memory and it crashes.',
      'Kamailio refuses frames over 11 KB.',
      'Over TLS files go to the client at both relays: until its own handshake with a peer is done, Kamailio drops a fast sender.',
    ],
    unable: ({ chunkOctets = 0 }) => (chunkOctets > MAX_FRAME_OCTETS ? 'frame too large' : undefined),
    start: (load) =>
      startNative((ports) => {
        const file = path.join(folder, 'kamailio.cfg');
        writeFileSync(file, configuration(ports, workersFor(load), certificate));
        const own = ['-f', file, '-P', path.join(folder, 'kamailio.pid'), '-Y', folder, '-w', folder];
        return ['kamailio', '-DD', '-E', '--atexit=no', '-m', '1024', '-M', '16', ...own];
      }, 'relay'),
  };
}

function workersFor({ secure, crowded }: Load): number {
  if (secure) return 1;
  return crowded ? 4 : 2;
}

/**
 * Writes are asynchronous with long queues, as short ones lose files; nothing is logged but errors; no names are looked up.
 * A session is its owner's connection: what comes on it goes to the next URI, everything else goes to it.
 */
function configuration({ tcp, tls }: Ports, workers: number, { cert, key }: Certificate): string {
  return `#!KAMAILIO
debug=-1
log_stderror=yes
auto_aliases=no
dns=no
rev_dns=no
use_dns_cache=off
dns_cache_init=off
disable_core_dump=yes
open_files_limit=20000
listen=tcp:127.0.0.1:${tcp}
listen=tls:127.0.0.1:${tls}
enable_tls=yes
children=1
tcp_children=${workers}
tcp_accept_no_cl=yes
tcp_accept_unique=no
tcp_max_connections=16000
tls_max_connections=16000
tcp_connection_lifetime=3610
tcp_async=yes
tcp_conn_wq_max=4194304
tcp_wq_max=134217728
tcp_rd_buf_size=65536
tcp_keepalive=no

loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tls.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "auth.so"
loadmodule "cfgutils.so"
loadmodule "htable.so"
loadmodule "msrp.so"

modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "${cert}")
modparam("tls", "private_key", "${key}")
modparam("tls", "verify_certificate", 0)
modparam("tls", "require_certificate", 0)
modparam("tls", "ct_wq_max", 134217728)
modparam("tls", "con_ct_wq_max", 4194304)
modparam("tls", "ct_wq_blk_size", 65536)
modparam("auth", "qop", "auth")
modparam("htable", "htable", "owner=>size=14;autoexpire=3600;")
modparam("htable", "htable", "place=>size=14;autoexpire=3600;")
modparam("msrp", "sipmsg", 1)

request_route { exit; }
reply_route { drop; }

event_route[msrp:frame-in] {
  msrp_reply_flags("1");
  if (msrp_is_reply()) {
    if ($msrp(nexthops) > 0) msrp_relay();
    exit;
  }
  if ($msrp(method) == "AUTH") route(AUTH);
  if ($msrp(method) != "SEND" && $msrp(method) != "REPORT") {
    msrp_reply("501", "Not understood");
    exit;
  }
  $var(owner) = $sht(owner=>$msrp(sessid));
  if ($var(owner) == 0 || $msrp(nexthops) < 1) {
    if ($msrp(method) == "SEND") msrp_reply("481", "No such session");
    exit;
  }
  if ($msrp(method) == "SEND" && $hdr(Failure-Report) != "no" && $hdr(Failure-Report) != "partial") {
    msrp_reply("200", "OK");
  }
  if ($var(owner) != $conid) {
    $var(place) = $sht(place=>$msrp(sessid));
    if ($var(place) =~ "^msrps:") {
      msrp_set_dst("$var(place)", "tls:127.0.0.1:${tls}");
    } else {
      msrp_set_dst("$var(place)", "tcp:127.0.0.1:${tcp}");
    }
    msrp_relay_flags("1");
  }
  msrp_relay();
  exit;
}

route[AUTH] {
  if ($msrp(nexthops) > 0) {
    msrp_relay();
    exit;
  }
  if (!pv_www_authenticate("localhost", "secret", "0", "AUTH")) {
    if (auth_get_www_authenticate("localhost", "1", "$var(challenge)")) msrp_reply("401", "Unauthorized", "$var(challenge)");
    exit;
  }
  $var(count) = $var(count) + 1;
  $var(id) = "s." + $pp + "." + $var(count) + "." + $RANDOM;
  $sht(owner=>$var(id)) = $conid;
  if ($proto == "tls") {
    $sht(place=>$var(id)) = "msrps://" + $si + ":" + $sp;
    msrp_reply("200", "OK", "Use-Path: msrps://127.0.0.1:${tls}/$var(id);tcp\\r\\nExpires: 3600\\r\\n");
  } else {
    $sht(place=>$var(id)) = "msrp://" + $si + ":" + $sp;
    msrp_reply("200", "OK", "Use-Path: msrp://127.0.0.1:${tcp}/$var(id);tcp\\r\\nExpires: 3600\\r\\n");
  }
  exit;
}
`;
}
