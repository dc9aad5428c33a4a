/** Typed events without Node: what happened, told to whoever asked to be told. */

/** The events of a class: what each listener is given. */
export type EventMap = Readonly<Record<string, readonly unknown[]>>;

/** To be extended by what has events. A listener that throws stops nobody: its error surfaces as an uncaught one. */
export class Emitter<Events extends EventMap> {
  readonly #listeners: { [Name in keyof Events]?: Set<(...values: Events[Name]) => void> } = {};

  /** Calls `listener` each time that `name` happens. @returns what ends that. */
  on<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): () => void {
    const known = this.#listeners[name] ?? new Set();
    this.#listeners[name] = known.add(listener);
    return () => void known.delete(listener);
  }

  /** Calls `listener` the next time that `name` happens, and not again. @returns what calls that off. */
  once<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): () => void {
    const end = this.on(name, (...values) => {
      end();
      listener(...values);
    });
    return end;
  }

  /** Whether anybody listens to `name`. */
  protected hasListener(name: keyof Events): boolean {
    return (this.#listeners[name]?.size ?? 0) > 0;
  }

  protected emit<Name extends keyof Events>(name: Name, ...values: Events[Name]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        listener(...values);
      } catch (error) {
        // Thrown here it would come out of the parser, in the middle of somebody else's message.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
