/** `msrp-relay serve`: runs a relay until it is told to stop. */
import { systemClock } from 'msrp/base';
import { standardError } from '../app/log-output.ts';
import { makeLogger } from '../app/logging.ts';
import type { BuildRelay } from '../app/running-relay.ts';
import { type Service, startService } from '../app/serve.ts';
import { type Command, type Signal, textOf } from './command.ts';

/** The command, for a given way of building relays. */
export function serveCommand(buildRelay: BuildRelay): Command {
  return {
    name: 'serve',
    summary: 'Runs a relay; without a configuration, one for development on this machine only.',
    options: [{ flags: '-c, --config <file>', summary: 'configuration file (YAML)' }],
    async run({ config }, { terminal, environment, machine, onSignal }) {
      const signals = new SignalRules();
      const output = standardError();
      const endListening = onSignal((signal) => signals.take(signal));
      try {
        const service = await startService({
          configFile: textOf(config),
          environment,
          machine,
          buildRelay,
          clock: systemClock,
          logger: makeLogger(output),
          lostLogLines: () => output.lostLines,
          out: terminal.out,
        });
        signals.obey(service);
        await service.stopped;
        return 0;
      } finally {
        endListening();
      }
    },
  };
}

/** First SIGTERM or SIGINT: drain. A second one: close at once. SIGHUP: reload. */
class SignalRules {
  #service: Service | undefined;
  #stops = 0;

  /** Signals that came while the service was starting are obeyed now. */
  obey(service: Service): void {
    this.#service = service;
    if (this.#stops > 0) void service.close();
  }

  take(signal: Signal): void {
    if (signal === 'SIGHUP') {
      void this.#service?.reload();
      return;
    }
    this.#stops += 1;
    void (this.#stops === 1 ? this.#service?.drain() : this.#service?.close());
  }
}
