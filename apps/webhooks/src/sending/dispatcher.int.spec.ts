import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../../../../test/support/app.ts';
import { claimedDelivery, sendingTarget } from '../../../../test/support/sending.ts';
import { refusedAddresses } from './addresses.ts';
import { ConnectionPools } from './connection-pool.ts';
import { Dispatcher } from './dispatcher.ts';
import { Lanes } from './lanes.ts';
import { Leases } from './leases.ts';
import type { Result } from './results.ts';
import { defaultSettings } from './settings.ts';

describe('a dispatcher', () => {
  let server: Server;
  let answering: (response: ServerResponse) => void;
  let received: number;
  let results: Result[];
  let gone: string[];
  let lanes: Lanes;
  let leases: Leases;
  let pools: ConnectionPools;
  let dispatcher: Dispatcher;
  beforeEach(async () => {
    [received, results, gone] = [0, [], []];
    answering = (response) => response.writeHead(204).end();
    server = createServer((request, response) => {
      received++;
      request.resume().on('end', () => answering(response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const target = sendingTarget(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    lanes = new Lanes(2);
    leases = new Leases(15_000);
    pools = new ConnectionPools(refusedAddresses(['127.0.0.0/8']), defaultSettings);
    dispatcher = new Dispatcher({
      settings: defaultSettings,
      lanes,
      leases,
      targets: { get: () => target },
      pools,
      recorder: { keep: (result) => Promise.resolve(results.push(result) > 0) },
      onRoom: () => undefined,
      onSent: () => undefined,
      onAttempt: () => undefined,
      onGone: (id) => Promise.resolve(void gone.push(id)),
      onError: (error) => {
        throw error;
      },
    });
  });
  afterEach(async () => {
    dispatcher.stop();
    await dispatcher.settled();
    pools.destroy();
    server.close();
  });

  const hold = (count: number, asked = performance.now()): void => {
    const lane = lanes.of('whk_1');
    for (let n = 1; n <= count; n++) {
      leases.add(claimedDelivery(n), asked);
      lane.add(claimedDelivery(n));
    }
    dispatcher.visit(lane);
  };

  it('sends all that a lane holds, as many at once as the endpoint allows, and records each result', async () => {
    hold(5);
    expect(dispatcher.underWay).toBe(2);
    await eventually(() => results.length === 5);
    expect(results.map(({ status }) => status)).toEqual(Array(5).fill('succeeded'));
    expect(leases.size).toBe(0);
  });

  it('sends nothing whose claim has expired', async () => {
    hold(3, performance.now() - 20_000);
    await eventually(() => leases.size === 0);
    expect([received, results]).toEqual([0, []]);
  });

  it('tells of an endpoint that answers 410, when the result has been recorded', async () => {
    answering = (response) => response.writeHead(410).end();
    hold(1);
    await eventually(() => gone.length === 1);
    expect(results).toMatchObject([{ status: 'failed' }]);
  });

  it('records nothing of attempts that it cuts', async () => {
    answering = () => undefined;
    hold(2);
    await eventually(() => received === 2);
    dispatcher.stop();
    dispatcher.cancel();
    await dispatcher.settled();
    expect(results).toEqual([]);
    server.closeAllConnections();
  });
});
