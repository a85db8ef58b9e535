import { InvalidArgumentError } from 'commander';

/**
 * Reads the address of a server from an argument of the command line. It may have a path, as behind a reverse proxy.
 *
 * @returns the address that paths are appended to: without a slash at its end, query and fragment
 * @throws InvalidArgumentError when it is not an http or https address
 */
export const baseUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('It must be an address such as https://licenses.example.com.');
  return url.origin + url.pathname.replace(/\/+$/, '');
};
