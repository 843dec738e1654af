/**
 * IP addresses and networks as numbers, so that no spelling of an address slips past a rule.
 *
 * An IPv4 address inside an IPv6 one (mapped `::ffff:0:0/96`, NAT64 `64:ff9b::/96`) is that IPv4
 * address: it is what is talked to in the end.
 */

export interface IpAddress {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

export interface IpNetwork extends IpAddress {
  readonly prefix: number;
}

/** An address, null for a text that is none. A zone (`%eth0`) is left out. */
export function parseAddress(text: string): IpAddress | null {
  const plain = text.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (!plain.includes(':')) return parseIpv4(plain);
  const value = parseIpv6(plain);
  if (value === null) return null;
  const high = value >> 32n;
  const isEmbedded = high === 0xffffn || high === 0x64ff9b0000000000000000n;
  return isEmbedded ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value };
}

/**
 * The address, and the IPv4 addresses that a gateway on the way may make of it: the forms `::a.b.c.d`
 * and `::ffff:0:a.b.c.d`, 6to4, Teredo, and NAT64 under its local prefix (RFC 6052 lets that one
 * stand in several places).
 */
export function meaningsOf(address: IpAddress): readonly IpAddress[] {
  if (address.bits === 32) return [address];
  const { value } = address;
  return [address, ...embeddedIn(value).map((ipv4): IpAddress => ({ bits: 32, value: ipv4 }))];
}

const LOW = 0xffffffffn;

function embeddedIn(value: bigint): bigint[] {
  const high = value >> 32n;
  const low = value & LOW;
  const isCompatible = high === 0n && low >> 24n !== 0n;
  if (isCompatible || high === 0xffff0000n) return [low];
  if (value >> 112n === 0x2002n) return [(value >> 80n) & LOW];
  if (value >> 96n === 0x20010000n) return [low ^ LOW];
  if (value >> 80n !== 0x64ff9b0001n) return [];
  const around64 = (before: bigint, after: bigint): bigint =>
    (((value >> 64n) & ((1n << before) - 1n)) << after) |
    ((value >> (56n - after)) & ((1n << after) - 1n));
  return [low, around64(16n, 16n), around64(8n, 24n), (value >> 24n) & LOW];
}

/** A network such as `10.0.0.0/8`, or a single address; null for anything else. */
export function parseNetwork(text: string): IpNetwork | null {
  const [base = '', prefix, ...rest] = text.split('/');
  const address = parseAddress(base);
  if (address === null || rest.length > 0) return null;
  if (prefix === undefined) return { ...address, prefix: address.bits };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > address.bits) return null;
  return { ...address, prefix: Number(prefix) };
}

/** True when the address lies in the network. */
export function isInNetwork(address: IpAddress, network: IpNetwork): boolean {
  if (address.bits !== network.bits) return false;
  const shift = BigInt(network.bits - network.prefix);
  return address.value >> shift === network.value >> shift;
}

/** The shortest usual text: `10.0.0.1`, `fe80::1`. */
export function formatAddress({ bits, value }: IpAddress): string {
  if (bits === 32) {
    return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  const run = longestZeros(groups);
  if (run.length < 2) return groups.join(':');
  const head = groups.slice(0, run.from).join(':');
  return `${head}::${groups.slice(run.from + run.length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { from: number; length: number } {
  let best = { from: 0, length: 0 };
  let from = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== '0') from = i + 1;
    else if (i + 1 - from > best.length) best = { from, length: i + 1 - from };
  }
  return best;
}

function parseIpv4(text: string): IpAddress | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return null;
  }
  const value = parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  return { bits: 32, value };
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(groupsOf);
  if (head === null || head === undefined || tail === null) return null;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...new Array<bigint>(missing).fill(0n), ...(tail ?? [])];
  return groups.reduce((sum, group) => (sum << 16n) | group, 0n);
}

function groupsOf(text: string): bigint[] | null {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const ipv4 = i === parts.length - 1 && part.includes('.') ? parseIpv4(part) : null;
    if (ipv4 !== null) groups.push(ipv4.value >> 16n, ipv4.value & 0xffffn);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return null;
  }
  return groups;
}
