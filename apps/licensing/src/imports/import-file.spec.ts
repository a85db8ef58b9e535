import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { csvStream } from '#platform/export/streams';
import { recordsOf } from './import-file.ts';
import type { ImportRecord } from './import-record.ts';

const CSV = 'text/csv';
const NDJSON = 'application/x-ndjson';
const HEADING = 'external_id,product_id,plan_id,email,name';
const named = (external_id: string, name: string) => ({
  external_id,
  product_id: 'prod_1',
  plan_id: 'plan_1',
  email: 'a@example.com',
  name,
});

async function* chunked(file: Buffer, size = file.length || 1): AsyncGenerator<Buffer> {
  for (let start = 0; start < file.length; start += size) yield file.subarray(start, start + size);
}
const all = async (records: AsyncIterable<ImportRecord>): Promise<ImportRecord[]> => {
  const read: ImportRecord[] = [];
  for await (const record of records) read.push(record);
  return read;
};
const read = (file: Buffer | string, type = CSV, size?: number): Promise<ImportRecord[]> =>
  all(recordsOf(chunked(Buffer.from(file), size), type));
const contents = async (file: Buffer | string, type?: string): Promise<unknown[]> =>
  (await read(file, type)).map((one) => ('record' in one ? one.record : one.fault));
const refused = (code: string, ...words: (string | RegExp)[]) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(
      new RegExp(
        words.map((word) => (typeof word === 'string' ? word.replaceAll(/[^\w\s]/g, '\\$&') : word.source)).join('.*'),
      ),
    ) as string,
  }) as Error;
/** A heading and two rows with the given delimiter. */
const separated = (delimiter: string): string =>
  [HEADING, 'x-1,prod_1,plan_1,a@example.com,Jörg', 'x-2,prod_1,plan_1,a@example.com,"1,5"']
    .join('\r\n')
    .replaceAll(',', delimiter);

describe('a file of CSV', () => {
  it.each([
    ['comma', separated(',')],
    ['semicolon', separated(';')],
    ['tab', separated('\t')],
    ['comma, declared', `sep=,\r\n${separated(',')}`],
    ['semicolon, declared', `\ufeffSEP=;\r\n${separated(';')}`],
    ['tab, declared', `"sep=\t"\n${separated('\t')}`],
    ['bar, declared', `sep=|\n${separated('|')}`],
    [
      'semicolon, quoted',
      separated(';').replace(HEADING.replaceAll(',', ';'), '"external_id";"product_id";"plan_id";"email";"name"'),
    ],
  ])('is read with the delimiter that it has: %s', async (_name, file) => {
    expect(await contents(file)).toEqual([
      named('x-1', 'Jörg'),
      named('x-2', expect.stringMatching(/^1.5$/) as string),
    ]);
  });

  it('names its fields in any case, with spaces or dashes', async () => {
    const file = 'External ID,PRODUCT_ID,Plan-Id, Email ,name,\nx-1,prod_1,plan_1,a@example.com,Ada,\n';
    expect(await contents(file)).toEqual([named('x-1', 'Ada')]);
  });

  it('is refused as a whole if its heading has unknown, missing or repeated names', async () => {
    await expect(read('external_id,product_id,plan_id,name,Name,Vorname\n1\n2\n')).rejects.toThrow(
      refused(
        'INVALID_HEADING',
        'Line 1',
        'unknown: "vorname"',
        'missing: "email"',
        'there twice: "name"',
        'Needed: ',
        'email',
      ),
    );
    await expect(read('x-1,prod_1,plan_1,a@example.com\n')).rejects.toThrow(refused('INVALID_HEADING', 'missing'));
    await expect(read('sep=;\n\nexternal_id,product_id,plan_id,email\n')).rejects.toThrow(
      refused('INVALID_HEADING', 'Line 3', 'missing'),
    );
    await expect(read('constructor,__proto__\n')).rejects.toThrow(refused('INVALID_HEADING', 'unknown'));
    await expect(read(`"${'x'.repeat(100_000)}\n`)).rejects.toThrow(refused('INVALID_HEADING'));
  });

  it.each(['', '\n\n', 'sep=;\n', '\ufeff'])('is refused when it is empty: %j', async (file) => {
    await expect(read(file)).rejects.toThrow(refused('UNREADABLE_FILE', 'empty'));
  });

  it('counts lines as the file does: a heading, empty lines and line breaks in quotes included', async () => {
    const row = 'prod_1,plan_1,a@example.com';
    const file = `sep=,\n\n${HEADING}\nx-1,${row},a\n\nx-2,${row},"b\r\nb"\nx-3,${row}\n`;
    expect((await read(file)).map(({ line }) => line)).toEqual([4, 6, 8]);
  });

  it('keeps line breaks of any kind in quotes', async () => {
    const file = `${HEADING}\r\nx-1,prod_1,plan_1,a@example.com,"a\nb\r\nc\rd\u2028e"\r\n`;
    expect(await contents(file)).toEqual([named('x-1', 'a\nb\r\nc\rd\u2028e')]);
  });

  it('is read in linear time, also with a quote that is never closed', async () => {
    const file = `${HEADING}\nx-1,prod_1,plan_1,a@example.com,"${'\n'.repeat(2_000_000)}`;
    await expect(read(file)).rejects.toThrow(refused('UNREADABLE_FILE', 'line 2', 'longer than 1 MiB'));
  });

  it.each([
    ['a quote inside a cell', 'x-1,p,q,e,a"b"\n', 'line 2'],
    ['text after a quote', 'x-1,p,q,e,"a"b\n', 'line 2'],
    ['a quote that is not closed', 'x-1,p,q,e,"a\nx-2\n', 'line 2'],
  ])('is refused with the line of %s', async (_name, rows, line) => {
    await expect(read(`${HEADING}\n${rows}`)).rejects.toThrow(refused('UNREADABLE_FILE', line));
  });

  it('refuses single rows that have a wrong number of cells, or text in a column without a name', async () => {
    const heading = `${HEADING},`;
    expect(await contents(`${heading}\na,b\nx-1,prod_1,plan_1,a@example.com,Ada,more\n`)).toEqual([
      'has 2 cells; the heading has 6',
      'has text in column 6, which has no heading',
    ]);
  });
});

describe('a file of NDJSON', () => {
  it('is split only at LF', async () => {
    const text = { note: 'a\u2028b\u2029c\u0085d' };
    expect(await contents(`${JSON.stringify(text)}\r\n\n${JSON.stringify(text)}`, NDJSON)).toEqual([text, text]);
  });

  it('is refused as a whole if it does not begin with an object', async () => {
    for (const file of ['[\n{}\n]', `${HEADING}\nx-1\n`, '"text"', '\n1'])
      await expect(read(file, NDJSON)).rejects.toThrow(refused('UNREADABLE_FILE', /Line [12]/, 'JSON object'));
  });

  it('refuses only the line that is too long or not JSON', async () => {
    const long = JSON.stringify({ name: 'x'.repeat(1_048_576) });
    expect(await read(`${long}\n{"a":1}\n{"a":\n[]\n`, NDJSON)).toEqual([
      { line: 1, fault: 'is longer than 1 MiB' },
      { line: 2, record: { a: 1 } },
      { line: 3, fault: 'is not JSON' },
      { line: 4, record: [] },
    ]);
  });

  it('may have no records', async () => {
    expect(await read('\n \n', NDJSON)).toEqual([]);
  });
});

describe('a file in another encoding', () => {
  it.each([CSV, NDJSON])('is decoded by its byte order mark or charset, and refused if invalid: %s', async (type) => {
    const record = named('x-1', 'Jörg €');
    const text = type === CSV ? `${HEADING}\n${Object.values(record).join(',')}\n` : `${JSON.stringify(record)}\n`;
    const latin = Buffer.from(text.replace('€', '\u0080'), 'latin1');
    const little = Buffer.from(text, 'utf16le');
    const big = Buffer.from(little).swap16();
    const mark = Buffer.from('\ufeff', 'utf16le');
    expect(await contents(latin, `${type}; charset=windows-1252`)).toEqual([record]);
    expect(await contents(latin, `${type};charset="Windows-1252"`)).toEqual([record]);
    expect(await contents(little, `${type}; charset=utf-16`)).toEqual([record]);
    expect(await contents(big, `${type}; charset=utf-16be`)).toEqual([record]);
    expect(await contents(Buffer.concat([mark, little]), type)).toEqual([record]);
    expect(await contents(Buffer.concat([Buffer.from(mark).swap16(), big]), type)).toEqual([record]);
    expect(await contents(`\ufeff${text}`, type)).toEqual([record]);
    const line = type === CSV ? 'Line 2' : 'Line 1';
    await expect(read(latin, type)).rejects.toThrow(refused('UNREADABLE_FILE', line, 'not valid utf-8', 'charset'));
    for (const file of [little, big])
      await expect(read(file, type)).rejects.toThrow(refused('UNREADABLE_FILE', 'Line 1', 'utf-16'));
    await expect(read(text, `${type}; charset=utf-7`)).rejects.toThrow(refused('UNSUPPORTED_MEDIA_TYPE', 'utf-7'));
  });
});

describe('a large file', () => {
  const LINES = 200_000;
  const row = Object.values(named('x', 'Ada')).join(',');
  const line = `${JSON.stringify(named('x', 'Ada'))}\n`;

  it.each([
    [CSV, `${HEADING}\n`, `${row}\n`],
    [NDJSON, '', line],
  ])('is read as its records are taken, and never held whole: %s', async (type, heading, text) => {
    const perChunk = 1_000;
    let given = 0;
    async function* chunks(): AsyncGenerator<Buffer> {
      yield Buffer.from(heading);
      for (; given < LINES; given += perChunk) yield Buffer.from(text.repeat(perChunk));
    }
    let taken = 0;
    let faults = 0;
    let ahead = 0;
    for await (const record of recordsOf(chunks(), type)) {
      if ('fault' in record) faults += 1;
      taken += 1;
      // The consumer pauses at times: data that is read in the meantime would accumulate in memory.
      if (taken % 50_000 === 0) await new Promise((resolve) => setImmediate(resolve));
      ahead = Math.max(ahead, given - taken);
    }
    expect({ taken, faults }).toEqual({ taken: LINES, faults: 0 });
    expect(ahead).toBeLessThan(20 * perChunk);
  });

  it.each([CSV, NDJSON])('is not read further after the consumer stops: %s', async (type) => {
    let closed = false;
    async function* chunks(): AsyncGenerator<Buffer> {
      try {
        if (type === CSV) yield Buffer.from(`${HEADING}\n`);
        for (;;) yield Buffer.from((type === CSV ? `${row}\n` : line).repeat(1_000));
      } finally {
        closed = true;
      }
    }
    for await (const _record of recordsOf(chunks(), type)) break;
    while (!closed) await new Promise((resolve) => setImmediate(resolve));
  });

  it('is refused above 256 MiB', async () => {
    const chunk = Buffer.alloc(1_048_576, ' ');
    async function* chunks(): AsyncGenerator<Buffer> {
      for (;;) yield chunk;
    }
    const records = recordsOf(chunks(), NDJSON);
    const drain = async (): Promise<void> => {
      for await (const _record of records);
    };
    await expect(drain()).rejects.toThrow(refused('BODY_TOO_LARGE', '256 MiB'));
  });
});

describe('what an export writes', () => {
  it('is read back exactly', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
      fc.stringMatching(/^['=+\-@\t\r\n＝",; a]{1,8}$/u),
    );
    const rows = fc.array(
      fc.record({ external_id: text, name: text, notes: text, metadata: fc.dictionary(text, text) }),
    );
    await fc.assert(
      fc.asyncProperty(rows, async (records) => {
        const columns = ['external_id', 'product_id', 'plan_id', 'email', 'name', 'notes', 'metadata'];
        const full = records.map((record) => ({ product_id: 'p', plan_id: 'q', email: 'e', ...record }));
        async function* source(): AsyncGenerator<object> {
          yield* full;
        }
        expect(await contents(await buffer(csvStream(columns, source())))).toEqual(full);
      }),
    );
  });
});
