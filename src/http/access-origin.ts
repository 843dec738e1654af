/**
 * Where a request comes from and under which address it was made: what the connection says, and, when
 * that is a proxy that is trusted, what the proxy says. Nobody else's `X-Forwarded-*` is looked at.
 */
import { BlockList, isIP } from 'node:net';
import { AppError } from '../model/error.ts';

/** A request's place in the network, as far as it can be believed. */
export interface Origin {
  readonly address: string;
  /** The scheme that the client spoke. */
  readonly scheme: 'http' | 'https';
  /** The host that the client asked for, with its port. */
  readonly host: string;
  /** True when it came through a trusted proxy. */
  readonly isProxied: boolean;
}

export interface TrustedProxies {
  has(address: string): boolean;
  readonly isEmpty: boolean;
}

/** Addresses and networks (`10.0.0.0/8`) of proxies. @throws VALIDATION_ERROR naming a bad one */
export function trustedProxies(list: readonly string[]): TrustedProxies {
  const trusted = new BlockList();
  for (const each of list) add(trusted, each);
  return {
    isEmpty: list.length === 0,
    has: (address) => isIP(address) !== 0 && trusted.check(address, familyOf(address)),
  };
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function add(trusted: BlockList, text: string): void {
  const [address = '', bits, ...more] = text.split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  const isNetwork = bits !== undefined;
  const fits = !isNetwork || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  if (isIP(address) === 0 || !fits || more.length > 0) {
    throw new AppError('VALIDATION_ERROR', `trusted_proxies: "${text}" is no address`, {
      hint: 'write addresses or networks, such as 10.0.0.5 or 10.0.0.0/8',
    });
  }
  if (isNetwork) trusted.addSubnet(address, Number(bits), familyOf(address));
  else trusted.addAddress(address, familyOf(address));
}

/** An IPv4 address that was written as IPv6 is the IPv4 address. */
const plainAddress = (address: string): string =>
  /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice('::ffff:'.length) : address;

/** What is known of a request's origin. */
export function originOf(
  headers: Headers,
  peerAddress: string,
  isTls: boolean,
  proxies: TrustedProxies,
): Origin {
  const address = plainAddress(peerAddress);
  const host = headers.get('host') ?? '';
  const scheme = isTls ? 'https' : 'http';
  if (!proxies.has(address)) return { address, scheme, host, isProxied: false };
  const proto = lastOf(headers.get('x-forwarded-proto'));
  return {
    address: clientOf(headers.get('x-forwarded-for'), address, proxies),
    scheme: proto === 'https' ? 'https' : proto === 'http' ? 'http' : scheme,
    host: lastOf(headers.get('x-forwarded-host')) ?? host,
    isProxied: true,
  };
}

const listOf = (header: string | null): readonly string[] =>
  (header ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const lastOf = (header: string | null): string | null => listOf(header).at(-1) ?? null;

/** The last address in the chain that is no proxy of ours: what stands before it anybody can write. */
function clientOf(header: string | null, peer: string, proxies: TrustedProxies): string {
  const chain = listOf(header).map(plainAddress);
  for (const address of chain.toReversed()) {
    if (isIP(address) === 0) return peer;
    if (!proxies.has(address)) return address;
  }
  return chain[0] ?? peer;
}

/** Headers that only a proxy writes. */
const PROXY_HEADERS = ['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'x-real-ip', 'via'];

export const cameThroughProxy = (headers: Headers): boolean =>
  PROXY_HEADERS.some((name) => headers.has(name));
