import { literalAddress, refusedAddresses } from './addresses.ts';

describe('the address rule of webhooks', () => {
  const refused = refusedAddresses([]);

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '192.0.1.1', '198.20.0.1', '2606:4700::1111', '2a00:1450::1'])(
    'opens %s',
    (address) => {
      expect(refused(address)).toBe(false);
    },
  );

  it.each([
    ...[
      '0.1.2.3',
      '10.0.0.1',
      '100.64.0.1',
      '127.0.0.1',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.0.0.1',
    ],
    ...[
      '192.0.2.1',
      '192.168.1.1',
      '198.18.0.1',
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '::',
      '::1',
      '::8.8.8.8',
      '::ffff:8.8.8.8',
      '64:ff9b::808:808',
      '64:ff9b:1::1',
      '100::1',
      '2001::1',
      '2001:db8::1',
    ],
    ...['2002:808:808::1', '3fff::1', 'fc00::1', 'fd00::1', 'fe80::1', 'fec0::1', 'ff02::1', 'example.com', ''],
  ])('refuses %s', (address) => {
    expect(refused(address)).toBe(true);
  });

  it('opens what an operator allows, and nothing else', () => {
    const allowing = refusedAddresses(['10.1.0.0/16', 'fd00:1::/32']);
    expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd00:1::5'].filter(allowing)).toEqual([]);
    expect(['10.2.0.1', '::ffff:10.2.0.1', 'fd00:2::5'].filter(allowing)).toHaveLength(3);
  });

  it.each([
    ['http://2130706433/', '127.0.0.1'],
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://0177.0.0.1/', '127.0.0.1'],
    ['http://127.1/', '127.0.0.1'],
    ['http://[::ffff:7f00:1]/', '::ffff:7f00:1'],
    ['http://１２７.0.0.1/', '127.0.0.1'],
    ['http://localhost/', undefined],
  ])('finds in %s the address %s', (url, address) => {
    expect(literalAddress(new URL(url))).toBe(address);
  });
});
