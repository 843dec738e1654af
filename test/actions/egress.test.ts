import { describe, expect, test } from 'bun:test';
import { createEgressPolicy } from '../../src/actions/egress.ts';
import { formatAddress, parseAddress } from '../../src/actions/ip-address.ts';
import { AppError } from '../../src/model/error.ts';

describe('addresses', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::1', '::1'],
    ['[fe80::1%eth0]', 'fe80::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['2001:DB8:0:0:1::2', '2001:db8::1:0:0:2'],
    ['::ffff:a9fe:a9fe', '169.254.169.254'],
    ['64:ff9b::10.0.0.1', '10.0.0.1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ])('%s is %s', (text, plain) => {
    const address = parseAddress(text);
    const same = address === null ? null : parseAddress(formatAddress(address));
    expect(address).toEqual(parseAddress(plain));
    expect(same).toEqual(address);
  });

  test.each([
    '',
    'a.b.c.d',
    '1.2.3',
    '256.1.1.1',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    'g::',
    '12345::',
  ])('%p is none', (text) => {
    expect(parseAddress(text)).toBe(null);
  });
});

describe('rules', () => {
  const verdict = (
    rules: { allow?: string[]; deny?: string[] },
    host: string,
    address: string,
  ): boolean =>
    createEgressPolicy({ allow: rules.allow ?? [], deny: rules.deny ?? [] }).allow(
      host,
      address,
    ) === null;

  test.each([
    [{}, 'x.test', '93.184.216.34', true],
    [{}, 'localhost', '127.0.0.1', true],
    [{}, 'x.test', '169.254.1.1', false],
    [{}, 'x.test', '169.254.169.254', false],
    [{}, 'x.test', '100.100.100.200', false],
    [{}, 'x.test', '192.0.0.192', false],
    [{}, 'x.test', '168.63.129.16', false],
    [{}, 'x.test', 'fd00:ec2::254', false],
    [{}, 'x.test', 'fd20:ce::254', false],
    [{}, 'x.test', 'fe80::a9fe:a9fe%eth0', false],
    [{}, 'x.test', '2002:a9fe:a9fe::1', false],
    [{}, 'x.test', '2002:6464:64c8::', false],
    [{}, 'x.test', '::169.254.169.254', false],
    [{}, 'x.test', '::100.100.100.200', false],
    [{}, 'x.test', '::ffff:0:168.63.129.16', false],
    [{}, 'x.test', '64:ff9b::192.0.0.192', false],
    [{}, 'x.test', '64:ff9b:1::192.0.0.192', false],
    [{}, 'x.test', '64:ff9b:1:a9fe:a9:fe00::', false],
    [{}, 'x.test', '2001:0:4136:e378:8000:63bf:5601:5601', false],
    [{}, 'x.test', '2001:0:4136:e378:8000:63bf:f7f7:f7f7', true],
    [{}, 'x.test', '::2', true],
    [{}, 'x.test', '192.0.0.193', true],
    [{}, 'x.test', '100.100.100.201', true],
    [{ allow: ['100.100.100.200'] }, 'meta', '2002:6464:64c8::', true],
    [{ deny: ['10.0.0.0/8'] }, 'x', '2002:a00:1::', false],
    [{ allow: ['169.254.169.254'] }, 'meta', '169.254.169.254', true],
    [{ allow: ['meta'] }, 'meta', '169.254.169.254', false],
    [{ allow: ['*.a.test'] }, 'x.a.test', '1.1.1.1', true],
    [{ allow: ['*.a.test'] }, 'a.test', '1.1.1.1', false],
    [{ allow: ['*.a.test'] }, 'xa.test', '1.1.1.1', false],
    [{ allow: ['A.test'] }, 'a.TEST.', '1.1.1.1', true],
    [{ allow: ['10.0.0.0/8'] }, 'x', '10.9.9.9', true],
    [{ allow: ['10.0.0.0/8'] }, 'x', '::ffff:10.9.9.9', true],
    [{ allow: ['10.0.0.0/8'] }, 'x', '11.0.0.1', false],
    [{ allow: ['x'], deny: ['10.0.0.0/8'] }, 'x', '10.0.0.1', false],
    [{ deny: ['fd00::/8'] }, 'x', 'fd12::1', false],
    [{ deny: ['0.0.0.0/0'] }, 'x', '8.8.8.8', false],
  ])('%j: %s at %s: %p', (rules, host, address, expected) => {
    expect(verdict(rules, host, address)).toBe(expected);
  });

  test.each(['http://x', 'a b', '10.0.0.0/33', '*', ''])('%p is no rule', (rule) => {
    expect(() => createEgressPolicy({ allow: [rule], deny: [] })).toThrow(AppError);
  });
});
