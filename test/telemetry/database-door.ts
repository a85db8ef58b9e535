import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

/** A connection to a database that can be closed, as if PostgreSQL were unavailable. */
export interface DatabaseDoor {
  /** The address of the same database through the door. */
  readonly url: string;
  shut(): Promise<void>;
  open(): Promise<void>;
}

/** @param url of a database behind a unix socket, as tests use */
export const databaseDoor = async (url: string): Promise<DatabaseDoor> => {
  const behind = new URL(url);
  const path = join(behind.searchParams.get('host') ?? '', `.s.PGSQL.${behind.searchParams.get('port') ?? '5432'}`);
  const passing = new Set<Socket>();
  const listen = async (at: number): Promise<Server> => {
    const opened = createServer((outside) => {
      const inside = connect(path);
      for (const [socket, other] of [
        [outside, inside],
        [inside, outside],
      ] as const) {
        passing.add(socket);
        // When one end closes, the other closes too; errors need no other handling here.
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          passing.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    await new Promise<void>((resolve) => opened.listen(at, '127.0.0.1', resolve));
    return opened;
  };
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgresql://${behind.username}@127.0.0.1:${port}${behind.pathname}`,
    shut: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of passing) socket.destroy();
      }),
    open: async () => {
      server = await listen(port);
    },
  };
};
