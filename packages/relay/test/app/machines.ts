/** Machines for tests, which must not depend on the one that they run on. */
import type { Machine } from '../../src/app/kernel-buffers.ts';

const GIB = 1_073_741_824;

/** Enough of everything for the default configuration. */
export const ROOMY: Machine = { tcpRmem: () => '4096\t131072\t1048576\n', memoryOctets: () => 256 * GIB };

/** Its kernel may take far more than there is. */
export const NARROW: Machine = { tcpRmem: () => '4096\t131072\t6291456\n', memoryOctets: () => 4 * GIB };
