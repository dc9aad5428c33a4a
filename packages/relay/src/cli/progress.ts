/** How far a transfer has come: one line that changes where somebody watches, a line now and then elsewhere. */
import type { Clock } from 'msrp/base';
import type { Terminal } from './command.ts';

const BAR_CELLS = 24;

/** The line changes so often at most; where lines stay, one is written so often. */
const WATCHED_MS = 200;
const UNWATCHED_MS = 5000;

/** The rate is that of the last so many milliseconds. */
const RATE_MS = 3000;

/** Of one transfer, from its beginning on. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #label: string;
  readonly #startMs: number;
  #samples: { readonly atMs: number; readonly octets: number }[];
  #shownMs: number;
  #octets = 0;

  constructor(terminal: Terminal, clock: Clock, label: string) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#label = label;
    this.#startMs = clock.nowMs();
    this.#shownMs = this.#startMs;
    this.#samples = [{ atMs: this.#startMs, octets: 0 }];
  }

  /** So many octets of `total` have passed. */
  update(octets: number, total: number | undefined): void {
    const nowMs = this.#clock.nowMs();
    this.#octets = octets;
    if (nowMs - (this.#samples.at(-1)?.atMs ?? 0) < WATCHED_MS) return;
    this.#samples = [...this.#samples.filter(({ atMs }) => nowMs - atMs <= RATE_MS), { atMs: nowMs, octets }];
    const { status } = this.#terminal;
    if (status === undefined && nowMs - this.#shownMs < UNWATCHED_MS) return;
    this.#shownMs = nowMs;
    (status ?? this.#terminal.err)(this.#line(nowMs, total));
  }

  /** Takes the line away. */
  end(): void {
    this.#terminal.status?.('');
  }

  /** What the whole of it was: size, time, rate. */
  get summary(): string {
    const seconds = Math.max(0.001, (this.#clock.nowMs() - this.#startMs) / 1000);
    return `${size(this.#octets)} in ${seconds.toFixed(1)} s, ${size(this.#octets / seconds)}/s`;
  }

  #line(nowMs: number, total: number | undefined): string {
    const [first] = this.#samples;
    const passedMs = nowMs - (first?.atMs ?? nowMs);
    const passedOctets = Math.max(0, this.#octets - (first?.octets ?? 0));
    const rate = passedMs > 0 ? (passedOctets / passedMs) * 1000 : 0;
    if (total === undefined || total === 0) return `${this.#label}  ${size(this.#octets)}  ${size(rate)}/s`;
    const share = Math.min(1, this.#octets / total);
    const filled = Math.round(share * BAR_CELLS);
    const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}`;
    const left = rate > 0 ? `  ${time((total - this.#octets) / rate)} left` : '';
    const done = `${size(this.#octets)} of ${size(total)}`;
    return `${this.#label}  [${bar}] ${Math.floor(share * 100)} %  ${done}  ${size(rate)}/s${left}`;
  }
}

/** Octets as people read them: three figures, decimal units. */
function size(octets: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = octets;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

function time(seconds: number): string {
  const whole = Math.ceil(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
