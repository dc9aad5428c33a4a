/** Debian's Kamailio as the relay to be compared with, started from a copy of its folder. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Contender, type Demands, RELAY_CPU, type Subject } from './subject.ts';

/**
 * @param source - the folder with its `start.sh` and `stop.sh`.
 * @param folder - an empty one, for the copy: it writes beside itself.
 */
export function kamailio(source: string, folder: string): Contender {
  if (!['/usr/sbin/kamailio', '/usr/local/sbin/kamailio'].some((file) => existsSync(file))) {
    throw new Error('Kamailio is not installed: apt-get install kamailio kamailio-tls-modules kamailio-extra-modules.');
  }
  const home = path.join(folder, 'kamailio');
  execFileSync('cp', ['-r', source, home]);
  execFileSync('chmod', ['-R', 'u+w', home]);
  return { name: 'Kamailio', start: (demands) => start(home, demands) };
}

async function start(home: string, { secure, crowded }: Demands): Promise<Subject> {
  // With TLS more than one worker corrupts its memory; bursts of connections need more than two.
  const workers = secure ? 1 : crowded ? 4 : 2;
  const stop = () => execFileSync(path.join(home, 'stop.sh'), { stdio: 'ignore' });
  const output = execFileSync('bash', ['-c', `./start.sh ${RELAY_CPU} ${workers} 2>/dev/null`], {
    cwd: home,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = Number(output.trim());
  if (!Number.isInteger(pid) || pid === 0) throw new Error(`Kamailio did not start; its log is ${home}/run/log.`);
  return {
    pid,
    address: { tcp: '127.0.0.1:2855', tls: '127.0.0.1:2856' },
    stop: async () => {
      stop();
    },
  };
}
