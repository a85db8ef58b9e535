import ipaddr from 'ipaddr.js';

/** The network that webhooks may never reach, unless an operator allows a part of it: whatever is not the public internet. */
const REFUSED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/**
 * Of IPv6 only global unicast is open, which leaves out loopback, mapped and compatible IPv4, NAT64, unique local, link local and
 * multicast; and of that not Teredo and its like, documentation and 6to4.
 */
const OPEN_IPV6 = '2000::/3';
const REFUSED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

type Cidr = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Says which addresses webhooks must not reach. */
export type AddressRule = (address: string) => boolean;

/**
 * @param allowed CIDRs that are open all the same
 * @returns whether an IP address is refused (what is no IP address is)
 */
export const refusedAddresses = (allowed: readonly string[]): AddressRule => {
  const open = allowed.map((cidr): Cidr => ipaddr.parseCIDR(cidr));
  return (address) => {
    if (!ipaddr.isValid(address)) return true;
    const ip = ipaddr.parse(address);
    // A mapped address reaches the IPv4 host that it names, so that is what an operator allows.
    if (open.some((cidr) => within(ip, cidr) || within(unmapped(ip), cidr))) return false;
    if (ip.kind() === 'ipv4') return refusedV4.some((cidr) => within(ip, cidr));
    return !within(ip, openV6) || refusedV6.some((cidr) => within(ip, cidr));
  };
};

const refusedV4 = REFUSED_IPV4.map((cidr): Cidr => ipaddr.parseCIDR(cidr));
const refusedV6 = REFUSED_IPV6.map((cidr): Cidr => ipaddr.parseCIDR(cidr));
const openV6: Cidr = ipaddr.parseCIDR(OPEN_IPV6);

const within = (ip: ipaddr.IPv4 | ipaddr.IPv6, [network, bits]: Cidr): boolean =>
  ip.kind() === network.kind() && ip.match([network, bits] as [ipaddr.IPv4, number] & [ipaddr.IPv6, number]);

const unmapped = (ip: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 =>
  ip instanceof ipaddr.IPv6 && ip.isIPv4MappedAddress() ? ip.toIPv4Address() : ip;

/**
 * The address that a URL names without any DNS, if it does. WHATWG URLs have brought decimal, octal and hexadecimal forms to
 * dotted ones by then.
 */
export const literalAddress = (url: URL): string | undefined => {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(host) ? host : undefined;
};
