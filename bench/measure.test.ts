/** Who is measured when, and which rounds count: with programs and a generator that only take notes. */
import { describe, expect, it } from 'vitest';
import type { Result } from './load-generator.ts';
import { LOADS, type Mode } from './loads.ts';
import { measureAll } from './measure.ts';
import type { Contender, Subject } from './subject.ts';

const load = (mode: Mode) => LOADS.find((other) => other.mode === mode)!;

/** Notes what is started, run and stopped. The generator gives its runs the CPU of others from a list, in turn. */
class Notes {
  readonly lines: string[] = [];
  readonly #foreign: number[];

  constructor(foreign: readonly number[] = []) {
    this.#foreign = [...foreign];
  }

  contender(name: string, unable?: string): Contender {
    return {
      name,
      notes: [],
      unable: () => unable,
      start: async () => {
        this.lines.push(`start ${name}`);
        const stop = async () => void this.lines.push(`stop ${name}`);
        return { pid: 1, address: { tcp: name, tls: name }, drive: 'relay', stop };
      },
    };
  }

  async run(subject: Subject): Promise<Result> {
    this.lines.push(subject.address.tcp);
    return { end: 'ok', place: this.lines.length, foreign_cpu: this.#foreign.shift() ?? 0 };
  }

  measure(mode: Mode, contenders: readonly Contender[], rounds: number) {
    const generator = { run: (_: unknown, subject: Subject) => this.run(subject) };
    return measureAll([load(mode)], contenders, { generator, rounds, lock: undefined });
  }
}

describe('measureAll', () => {
  it('keeps all running for all rounds, and turns their order round', async () => {
    const notes = new Notes();
    await notes.measure('msg', [notes.contender('a'), notes.contender('b')], 2);
    expect(notes.lines).toEqual(['start a', 'start b', 'a', 'b', 'b', 'a', 'stop a', 'stop b']);
  });

  it('warms files up with a round that does not count', async () => {
    const notes = new Notes();
    const [measured] = await notes.measure('file', [notes.contender('a')], 1);
    expect(notes.lines).toEqual(['start a', 'a', 'a', 'stop a']);
    expect(measured?.runs).toMatchObject([{ place: 3 }]);
  });

  it('starts a new process for each run of idle connections', async () => {
    const notes = new Notes();
    await notes.measure('idle', [notes.contender('a')], 2);
    expect(notes.lines).toEqual(['start a', 'a', 'stop a', 'start a', 'a', 'stop a']);
  });

  it('makes more rounds while others disturb, and counts the least disturbed', async () => {
    const notes = new Notes([0.5, 0, 0.9, 0.02]);
    const [measured] = await notes.measure('msg', [notes.contender('a')], 2);
    expect(measured?.runs.map(({ foreign_cpu: foreign }) => foreign)).toEqual([0, 0.02]);
  });

  it('gives up on quiet after twice as many rounds', async () => {
    const notes = new Notes([0.5, 0.4, 0.3, 0.9]);
    const [measured] = await notes.measure('msg', [notes.contender('a')], 2);
    expect(measured?.runs.map(({ foreign_cpu: foreign }) => foreign)).toEqual([0.3, 0.4]);
  });

  it('leaves out who is unable, and says why', async () => {
    const notes = new Notes();
    const [, other] = await notes.measure('msg', [notes.contender('a'), notes.contender('b', 'no AUTH')], 1);
    expect(notes.lines).not.toContain('start b');
    expect(other).toMatchObject({ contender: 'b', runs: [], unable: 'no AUTH' });
  });

  it('stops who runs when another one does not start', async () => {
    const notes = new Notes();
    const broken = { ...notes.contender('b'), start: () => Promise.reject(new Error('not there')) };
    await expect(notes.measure('msg', [notes.contender('a'), broken], 1)).rejects.toThrow('not there');
    expect(notes.lines).toEqual(['start a', 'stop a']);
  });
});
