import { openPool } from './pool.ts';

describe('a connection pool', () => {
  it('reports idle connections that are lost, until it is ended', async () => {
    const reported: string[] = [];
    const pool = openPool({}, ({ message }) => reported.push(message));
    pool.emit('error', new Error('lost'), undefined as never);
    const ended = pool.end();
    pool.emit('error', new Error('terminated by the server that stops'), undefined as never);
    await ended;
    expect(reported).toEqual(['lost']);
  });
});
