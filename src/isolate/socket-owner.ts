/**
 * Whose socket a TCP connection of this machine comes from, asked of the kernel by its addresses
 * (sock_diag(7)): some microseconds, however many sockets there are. The table in /proc says the same
 * and is walked for milliseconds.
 */
import { ptr } from 'bun:ffi';
import { isIPv4 } from 'node:net';
import { openLibc } from './libc.ts';

interface Endpoint {
  /** Loopback or any other, as text: `127.0.0.1`, `::1`. */
  readonly address: string;
  readonly port: number;
}

/** The user id; null when the kernel knows no such open connection, or does not tell. */
export type SocketOwner = (from: Endpoint, to: Endpoint) => number | null;

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_SOCK_DIAG = 4;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const IPPROTO_TCP = 6;
const ESTABLISHED = 1;
const NO_COOKIE = 0xffffffff;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `nlmsghdr` (16) and `inet_diag_req_v2` (56). */
const REQUEST_BYTES = 72;
/** As much of `nlmsghdr` and `inet_diag_msg` as holds the user. */
const ANSWER_BYTES = 84;
const UID_AT = 80;

const FUNCTIONS = {
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  send: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i64' },
  recv: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i64' },
} as const;

/** Asks over one socket that stays open; null where the kernel cannot be asked. */
export function createSocketOwner(): SocketOwner | null {
  const libc = openLibc(FUNCTIONS);
  const socket = libc?.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG) ?? -1;
  if (libc === null || socket < 0) return null;
  const answer = Buffer.alloc(8192);
  let sequence = 0;
  return (from, to) => {
    sequence = (sequence + 1) % 2 ** 32;
    const request = requestOf(from, to, sequence);
    if (request === null) return null;
    const sent = libc.send(socket, ptr(request), BigInt(request.length), MSG_NOSIGNAL);
    if (Number(sent) !== request.length) return null;
    // The kernel has answered when `send` returns; answers to older questions are passed over.
    for (;;) {
      const read = Number(libc.recv(socket, ptr(answer), BigInt(answer.length), MSG_DONTWAIT));
      if (read < 16) return null;
      if (answer.readUInt32LE(8) === sequence) return ownerIn(answer.subarray(0, read));
    }
  };
}

function ownerIn(answer: Buffer): number | null {
  const isSocket = answer.readUInt16LE(4) === SOCK_DIAG_BY_FAMILY && answer.length >= ANSWER_BYTES;
  return isSocket && answer[17] === ESTABLISHED ? answer.readUInt32LE(UID_AT) : null;
}

/** The question for exactly this socket, null for an address that is none. */
function requestOf(from: Endpoint, to: Endpoint, sequence: number): Buffer | null {
  const source = bytesOf(from.address);
  const target = bytesOf(to.address);
  if (source === null || target === null || source.length !== target.length) return null;
  const request = Buffer.alloc(REQUEST_BYTES);
  request.writeUInt32LE(REQUEST_BYTES, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(NLM_F_REQUEST, 6);
  request.writeUInt32LE(sequence, 8);
  request[16] = source.length === 4 ? AF_INET : AF_INET6;
  request[17] = IPPROTO_TCP;
  request.writeUInt32LE(1 << ESTABLISHED, 20);
  request.writeUInt16BE(from.port, 24);
  request.writeUInt16BE(to.port, 26);
  request.set(source, 28);
  request.set(target, 44);
  request.writeUInt32LE(NO_COOKIE, 64);
  request.writeUInt32LE(NO_COOKIE, 68);
  return request;
}

/** IPv4, and of IPv6 the loopback address: no other can be a peer on this machine. */
function bytesOf(address: string): Uint8Array | null {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number));
  if (address !== '::1') return null;
  const loopback = new Uint8Array(16);
  loopback[15] = 1;
  return loopback;
}
