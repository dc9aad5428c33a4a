/** Looking at the one error of this floor. */
import { MsrpError } from '../../src/base/index.ts';

/** The message of the MSRP_BAD_SDP that `run` throws; anything else goes on. */
export function badSdp(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MsrpError && error.code === 'MSRP_BAD_SDP') return error.message;
    throw error;
  }
  return 'nothing was thrown';
}
