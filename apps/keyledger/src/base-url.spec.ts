import { InvalidArgumentError } from 'commander';
import { baseUrl } from './base-url.ts';

describe('--url', () => {
  it.each([
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000'],
    ['http://127.0.0.1:4000/', 'http://127.0.0.1:4000'],
    ['https://example.com/keyledger', 'https://example.com/keyledger'],
    ['https://example.com/keyledger//', 'https://example.com/keyledger'],
    [' https://example.com/keyledger/?from=docs#top\n', 'https://example.com/keyledger'],
  ])('%j means that paths are appended to %s', (text, base) => {
    expect(baseUrl(text)).toBe(base);
  });

  it.each(['', 'example.com', '127.0.0.1:4000', 'localhost:4000', 'ftp://example.com'])('%j is refused', (text) => {
    expect(() => baseUrl(text)).toThrow(InvalidArgumentError);
  });
});
