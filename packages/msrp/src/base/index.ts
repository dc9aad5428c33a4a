/** What every floor stands on: the error class and the clock. Knows nothing of MSRP's wire. */
export type { Clock, Timer } from './clock.ts';
export { systemClock } from './clock.ts';
export { Emitter, type EventMap } from './emitter.ts';
export { MsrpError, type MsrpErrorCode } from './errors.ts';
export { ManualClock } from './manual-clock.ts';
