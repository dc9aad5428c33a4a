/** Programs of others, as Debian packages them: what is there, and installing what is not. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

/** Those of the packages that are not installed; all of them where there is no dpkg. */
export function missingPackages(packages: readonly string[]): readonly string[] {
  const format = `\${Package} \${db:Status-Status}\n`;
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', format, ...packages], { encoding: 'utf8' });
  const lines = new Set((stdout ?? '').split('\n'));
  return packages.filter((name) => !lines.has(`${name} installed`));
}

/** The words after `apt-get` that install packages. */
export function installation(packages: readonly string[]): readonly string[] {
  return ['install', '-y', '--no-install-recommends', ...packages];
}

/** Installs packages, as root on Debian. False when it could not be done. */
export function install(packages: readonly string[]): boolean {
  return process.getuid?.() === 0 && aptGet('update') && aptGet(...installation(packages));
}

function aptGet(...words: readonly string[]): boolean {
  // Runlevel 1 keeps packages from starting the services that they bring.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return spawnSync('apt-get', ['-qq', ...words], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}
