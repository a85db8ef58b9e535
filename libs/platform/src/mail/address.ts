import { domainToASCII, domainToUnicode } from 'node:url';

/** Control and format characters, except joiners, which some scripts need. */
const INVISIBLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}]/u;
/** Local parts in any script (RFC 6532), unquoted. One that ends in `/` is a path, such as `node_modules/@nestjs`. */
const LOCAL = /^[^\s@"(),:;<>[\]\\]*[^\s@"(),:;<>[\]\\/]$/u;
/** Characters of a domain, before IDNA: of ASCII letters, digits, `.` and `-` alone. */
const DOMAIN = /^(?:[A-Za-z0-9.-]|[^\p{ASCII}\s])+$/u;
/** Host names in ASCII (RFC 1123 §2.1), the last label not a number: that would be an IP address or a version. */
const HOST = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * An e-mail address as it is stored, shown and written to: without white space around it, in Unicode NFC, an internationalized
 * domain in letters (U-labels), however it came. A domain in ASCII keeps its case.
 * @returns undefined for a text that is not an address
 */
export const readEmail = (text: string): string | undefined => {
  const address = text.trim().normalize('NFC');
  const at = address.lastIndexOf('@');
  const domain = readDomain(address.slice(at + 1));
  if (at < 1 || domain === undefined || INVISIBLE.test(address) || !LOCAL.test(address.slice(0, at))) return undefined;
  return `${address.slice(0, at)}@${domain}`;
};

/** The form in which addresses are compared: equal for any case and spelling of an address. Other texts are only trimmed. */
export const emailIdentity = (text: string): string =>
  (readEmail(text) ?? text.trim().normalize('NFC')).toLowerCase().normalize('NFC');

/** A search text with `xn--` labels in letters, the form in which addresses are stored. */
export const withUnicodeDomains = (text: string): string =>
  text.replace(/[\p{L}\p{M}\p{N}.-]*xn--[\p{L}\p{M}\p{N}.-]*/giu, (domain) => domainToUnicode(domain) || domain);

/** UTS 46, as browsers do it. A domain in plain ASCII stays unchanged. */
const readDomain = (domain: string): string | undefined => {
  if (!DOMAIN.test(domain)) return undefined;
  const ascii = /^\p{ASCII}+$/u.test(domain) && !/xn--/i.test(domain) ? domain.toLowerCase() : domainToASCII(domain);
  if (!HOST.test(ascii)) return undefined;
  return ascii === domain.toLowerCase() && !ascii.includes('xn--') ? domain : domainToUnicode(ascii);
};
