/** Whether the buffers that the system gives to connections fit this machine: Node cannot set them for a socket. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { constrainedMemory, platform } from 'node:process';
import type { Config } from './config.ts';

/** What is asked of the machine that a relay runs on. */
export interface Machine {
  /** The text of `net.ipv4.tcp_rmem`: least, usual and largest receive buffer in octets. Undefined where there is none. */
  readonly tcpRmem: () => string | undefined;
  /** Memory that this process may use, in octets. */
  readonly memoryOctets: () => number;
  /** How many files this process may open; undefined where that is not known. */
  readonly maxDescriptors?: () => number | undefined;
}

/** The machine that this process runs on. */
export const thisMachine: Machine = {
  tcpRmem: () => (platform === 'linux' ? readSetting('/proc/sys/net/ipv4/tcp_rmem') : undefined),
  // A container has less than its machine; where nothing is said it is 0.
  memoryOctets: () => Math.min(totalmem(), constrainedMemory() || Number.POSITIVE_INFINITY),
  maxDescriptors,
};

/** Node has raised the limit to the most that it may be. */
function maxDescriptors(): number | undefined {
  const limits = platform === 'linux' ? readSetting('/proc/self/limits') : undefined;
  const most = Number(/^Max open files +(\d+) /m.exec(limits ?? '')?.[1]);
  return most > 0 ? most : undefined;
}

/** A file is received in chunks at the pace of round trips; fewer than so many in flight would slow it. */
const CHUNKS_IN_FLIGHT = 4;

const MANUAL = 'see "Kernel buffers" in docs/flow-control.md';

/** What is doubtful about the machine's settings for a relay with this configuration: one sentence each. */
export function bufferWarnings({ limits, chunk }: Pick<Config, 'limits' | 'chunk'>, machine: Machine): string[] {
  const largest = Number(machine.tcpRmem()?.trim().split(/\s+/)[2]);
  if (!(largest > 0)) return [];
  const warnings: string[] = [];
  const mostOctets = largest * limits.connections;
  const memoryOctets = machine.memoryOctets();
  if (mostOctets > memoryOctets / 2) {
    warnings.push(
      `net.ipv4.tcp_rmem lets ${limits.connections} connections (limits.connections) take up to ${inMib(mostOctets)}, ` +
        `more than half of the ${inMib(memoryOctets)} there are: ${MANUAL}`,
    );
  }
  if (largest < CHUNKS_IN_FLIGHT * chunk.maxOctets) {
    warnings.push(
      `net.ipv4.tcp_rmem ends at ${largest} octets, less than four chunks of ${chunk.maxOctets} (chunk.maxOctets): ` +
        `files will be slow; ${MANUAL}`,
    );
  }
  return warnings;
}

function inMib(octets: number): string {
  return `${Math.round(octets / 1_048_576)} MiB`;
}

function readSetting(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
