/**
 * Which hosts and addresses http actions may talk to.
 *
 * Link-local and metadata addresses are closed unless a rule opens them by address: they hand out a
 * machine's credentials to whoever asks. Loopback is open: local services are a common target.
 */
import { AppError } from '../model/error.ts';
import type { EgressPolicy } from './deps.ts';
import {
  type IpAddress,
  type IpNetwork,
  isInNetwork,
  meaningsOf,
  parseAddress,
  parseNetwork,
} from './ip-address.ts';

export interface EgressRules {
  /** Hosts (`api.test`, `*.test`), addresses, networks; when not empty, nothing else is allowed. */
  readonly allow: readonly string[];
  /** The same; wins over `allow`. */
  readonly deny: readonly string[];
}

/** Link-local, unspecified, and where clouds serve a machine's metadata and credentials. */
const CLOSED = [
  '169.254.0.0/16',
  'fe80::/10',
  '0.0.0.0/32',
  '::/128',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:42::42',
  'fd00:c1::a9fe:a9fe',
  'fd00:ec2::254',
  'fd20:ce::254',
];

/**
 * The policy of these rules; it is asked for every address before it is connected to.
 * @throws AppError VALIDATION_ERROR for a rule that is neither a host nor a network
 */
export function createEgressPolicy(rules: EgressRules = { allow: [], deny: [] }): EgressPolicy {
  const allow = rules.allow.map(compileRule);
  const deny = rules.deny.map(compileRule);
  const closed = CLOSED.map(parseNetwork).filter((network) => network !== null);
  return {
    allow(host, address) {
      const ip = parseAddress(address);
      if (ip === null) return `${address} is not an address`;
      const meanings = meaningsOf(ip);
      const target = { host: host.toLowerCase().replace(/\.$/, ''), meanings };
      if (deny.some((rule) => rule.fits(target))) return 'it is denied by an egress rule';
      const isClosed = closed.some((network) => isAnyIn(meanings, network));
      if (isClosed && !allow.some((rule) => rule.isNetwork && rule.fits(target))) {
        return 'it is a link-local or metadata address';
      }
      if (allow.length === 0 || allow.some((rule) => rule.fits(target))) return null;
      return 'no egress rule allows it';
    },
  };
}

interface Target {
  readonly host: string;
  readonly meanings: readonly IpAddress[];
}

const isAnyIn = (meanings: readonly IpAddress[], network: IpNetwork): boolean =>
  meanings.some((address) => isInNetwork(address, network));

interface Rule {
  readonly isNetwork: boolean;
  fits(target: Target): boolean;
}

const HOST = /^(?:\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

function compileRule(text: string): Rule {
  const network: IpNetwork | null = parseNetwork(text);
  if (network !== null)
    return { isNetwork: true, fits: ({ meanings }) => isAnyIn(meanings, network) };
  const name = text.toLowerCase().replace(/\.$/, '');
  if (!HOST.test(name)) {
    throw new AppError('VALIDATION_ERROR', `"${text}" is no host, address or network`, {
      hint: 'e.g. "api.example.com", "*.example.com", "10.0.0.0/8"',
    });
  }
  if (!name.startsWith('*.')) return { isNetwork: false, fits: ({ host }) => host === name };
  return { isNetwork: false, fits: ({ host }) => host.endsWith(name.slice(1)) };
}
