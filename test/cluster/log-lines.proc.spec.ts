import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { logLines } from '../../tools/cluster/log-lines.mjs';

const logged = async (output: Buffer, take?: (line: string) => boolean, size = output.length): Promise<string> => {
  const source = Readable.from(
    Array.from({ length: Math.ceil(output.length / size) }, (_, n) => output.subarray(n * size, (n + 1) * size)),
  );
  const log = new PassThrough({ highWaterMark: 2 ** 30 });
  logLines(source, log, take);
  await once(source, 'end');
  log.end();
  return text(log);
};

describe('the log of a service in a cluster', () => {
  const json = `{"msg":"a\u2028b\u2029c\rd ü"}`;

  it('keeps each line of output in one line, whatever chunks it arrives in', async () => {
    for (const size of [1, 2, 3, 1_000])
      expect(await logged(Buffer.from(`${json}\n\n${json}`), undefined, size)).toBe(`${json}\n\n${json}\n`);
  });

  it('leaves out filtered lines completely', async () => {
    const seen: string[] = [];
    const take = (line: string): boolean => seen.push(line) === 1;
    expect(await logged(Buffer.from(`${json}\nb\n`), take)).toBe('b\n');
    expect(seen).toEqual([json, 'b']);
  });

  it('replaces an endless line with a note', async () => {
    const output = Buffer.concat([Buffer.alloc(5_000_000, 'x'), Buffer.from('\nb\n')]);
    expect(await logged(output, undefined, 65_536)).toMatch(/^\(A line of more than 4194304 bytes.*\)\nb\n$/);
  });
});
