/** The program of a worker process; only a supervisor starts it. */

// Ctrl-C goes to every process of a terminal, and systemd signals all of a service: the supervisor says what is to be done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const { serveSupervisor } = await import('./serve-supervisor.ts');
serveSupervisor();

export {};
