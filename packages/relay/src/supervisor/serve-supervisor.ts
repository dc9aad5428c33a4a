/** Joins a worker to the process that it runs in: the channel to its supervisor, and the end of both. */
import { systemClock } from 'msrp/base';
import { standardError } from '../app/log-output.ts';
import { makeLogger } from '../app/logging.ts';
import type { SupervisorCalls, WorkerCalls } from './calls.ts';
import { Channel, type ChannelPort } from './channel.ts';
import { Worker } from './worker.ts';

/** Waits for what the supervisor wants. When the channel ends, whoever closed it, the relay does, and then the process: when the last octets have left. */
export function serveSupervisor(): void {
  const output = standardError();
  const worker: Worker = new Worker({
    clock: systemClock,
    logger: makeLogger(output),
    lostLogLines: () => output.lostLines,
    tellSeen: (seen) => channel.tell('seen', seen),
  });
  const channel = new Channel<WorkerCalls, SupervisorCalls>(process as unknown as ChannelPort, worker, systemClock);
  process.on('disconnect', () => void worker.drainAlone());
}
