import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { arrayOf } from './array.ts';

describe('an array parameter', () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await freshDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it.each([
    [[]],
    [['evt_01jd1zx0h8e4rvy2m6k9w3q5tb', 'evt_01jd1zx0h8e4rvy2m6k9w3q5tc']],
    [['', ' ', 'null', 'NULL', '{', '}', ',', "'", '🦉', 'é']],
    [['"', '\\', 'a"b\\c', '\n', '\t', '\u2028']],
  ])('of the texts %j arrives unchanged', async (texts) => {
    const { rows } = await client.query<{ read: unknown }>('select $1::text[] as read', [arrayOf(texts)]);
    expect(rows).toEqual([{ read: texts }]);
  });

  it('of whole numbers arrives unchanged', async () => {
    const numbers = [0, -1, 2_147_483_647, 2];
    const { rows } = await client.query<{ read: unknown }>('select $1::int[] as read', [arrayOf(numbers)]);
    expect(rows).toEqual([{ read: numbers }]);
  });
});
