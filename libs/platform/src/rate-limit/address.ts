import ipaddr from 'ipaddr.js';

/**
 * The address that a limit counts: an IPv4 address, or the /64 of an IPv6 address. A single subscriber line gets at least a /64
 * (RFC 6177), so it could otherwise use a new address for each try. An IPv4-mapped IPv6 address is the IPv4 address.
 */
export const countedAddress = (ip: string): string => {
  if (!ipaddr.isValid(ip)) return ip;
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4') return address.toString();
  const network = address.toByteArray().fill(0, 8);
  return `${ipaddr.fromByteArray(network).toString()}/64`;
};
