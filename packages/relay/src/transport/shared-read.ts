/** One buffer that all sockets of this process are read into, one read after the other. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** As much as Node asks the system for at once. */
const READ_OCTETS = 65_536;

const buffer = Buffer.allocUnsafeSlow(READ_OCTETS);
/** To ask a view for its memory is a call into the engine; this one need not be asked each time. */
const memory = buffer.buffer;

/** The part of a socket's handle that is needed here. */
interface Handle {
  useUserBuffer?(buffer: Uint8Array): void;
}

/**
 * Gives what `socket` receives to `read`, from the next turn of the loop on, as views that are valid during the call alone: the
 * next read of any socket writes over them. Otherwise Node makes a buffer of 64 KiB for each read, and these have to be
 * collected as garbage. For sockets that it dials it can do without by their option `onread`; here that is put into others, in
 * the places where Node keeps it.
 *
 * @returns false when that cannot be had for `socket`, because it is none of Node's or this Node has other places: then
 *   its `data` events bring what it receives.
 */
export function readShared(socket: Duplex, read: (octets: Buffer) => void): boolean {
  const handle: Handle | null | undefined = Reflect.get(socket, '_handle');
  if (!(socket instanceof Socket) || places === undefined || handle?.useUserBuffer === undefined) return false;
  // What came with the end of a handshake, or was put back.
  const early: Buffer | null = socket.read();
  if (early !== null) process.nextTick(read, early);
  const callback = (octets: number) => {
    read(buffer.subarray(0, octets));
    return true;
  };
  Object.assign(socket, { [places.buffer]: buffer, [places.callback]: callback, [places.generator]: null });
  handle.useUserBuffer(buffer);
  socket.resume();
  return true;
}

/** Whether `octets` are a view that is valid during a read alone. */
export function isShared(octets: Uint8Array): boolean {
  return octets.buffer === memory;
}

/** Under which symbols a socket keeps its option `onread`. */
interface Places {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly generator: symbol;
}

const places = placesIn(new Socket({ onread: { buffer, callback: () => true } }));

function placesIn(socket: Socket): Places | undefined {
  const symbols = new Map(Object.getOwnPropertySymbols(socket).map((symbol) => [symbol.description, symbol]));
  const place = symbols.get('kBuffer');
  const callback = symbols.get('kBufferCb');
  const generator = symbols.get('kBufferGen');
  if (place === undefined || callback === undefined || generator === undefined) return undefined;
  return { buffer: place, callback, generator };
}
