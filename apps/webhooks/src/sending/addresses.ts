import ipaddr from 'ipaddr.js';

/** IPv4 networks outside the public internet. Webhooks reach them only where an operator allows it. */
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
 * Of IPv6 only global unicast is open. That excludes loopback, mapped and compatible IPv4, NAT64, unique local, link local and multicast.
 * Within it, the IETF protocol block (Teredo), documentation and 6to4 are refused, too.
 */
const OPEN_IPV6 = '2000::/3';
const REFUSED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

type Cidr = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Whether webhooks must not reach an address. */
export type AddressRule = (address: string) => boolean;

/**
 * @param allowed CIDRs that are open nevertheless
 * @returns a rule for IP addresses, which refuses any text that is no IP address
 */
export const refusedAddresses = (allowed: readonly string[]): AddressRule => {
  const open = allowed.map((cidr): Cidr => ipaddr.parseCIDR(cidr));
  return (address) => {
    if (!ipaddr.isValid(address)) return true;
    const ip = ipaddr.parse(address);
    // A mapped address reaches the IPv4 host that it names, so an operator's CIDR for that host counts.
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
 * The IP address in a URL, or undefined for a name. `URL` has already converted decimal, octal and hexadecimal forms to the dotted
 * form.
 */
export const literalAddress = (url: URL): string | undefined => {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(host) ? host : undefined;
};
