import { eventually } from '../support/app.ts';
import { type Instances, prepareInstances } from '../support/instances.ts';
import { MAILS_AT_ONCE } from '#platform/mail/mailer';
import { startSmtp, type TestSmtp } from '../support/smtp.ts';

/** Two processes on one database, one of which is killed while many callers want a seat. */
describe('seats in several instances', () => {
  let instances: Instances;
  let smtp: TestSmtp;

  beforeAll(async () => {
    smtp = await startSmtp();
    instances = await prepareInstances({ KEYLEDGER_SMTP_URL: smtp.url });
  });
  afterAll(async () => {
    await instances.close();
    await smtp.close();
  });

  it('give five seats to two hundred callers, with their mails, although an instance is killed', async () => {
    const [one, other] = [await instances.start(), await instances.start()];
    const make = async (path: string, body: Record<string, unknown>): Promise<string> =>
      String((await one.post(path, body))['id']);
    const product_id = await make('/admin/products', { name: 'Studio', slug: 'studio', type: 'saas' });
    const shape = { license_type: 'perpetual', license_model: 'standard', max_seats: 5 };
    const plan_id = await make('/admin/plans', { product_id, name: 'Team', slug: 'team', ...shape });
    const email = 'ada@example.com';
    const license_ids = await Promise.all(
      Array.from({ length: 4 }, () => make('/admin/licenses', { product_id, plan_id, email })),
    );
    let answered = 0;
    const asks = license_ids.flatMap((license_id, nth) =>
      Array.from({ length: 200 }, async (_, n) => {
        const body = { license_id, email: `person${n}-${nth}@example.com` };
        const [status] = await (n % 2 === 0 ? one : other).ask('/portal/seats', body);
        // The first instance leads: it sends the mails, and is killed while it works.
        if (++answered === 5) one.child.kill('SIGKILL');
        return status;
      }),
    );
    const statuses = await Promise.all(asks);
    expect(statuses.filter((status) => status === 0).length).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(new Set([201, 409, 0]));

    // Some answers were lost. After one more request than there are seats, each license has five.
    const third = await instances.start();
    for (const license_id of license_ids) {
      const more = await Promise.all(
        Array.from({ length: 6 }, (_, n) => third.ask('/portal/seats', { license_id, email: `more${n}@example.com` })),
      );
      expect(new Set(more.map(([status]) => status))).toContain(409);
    }
    const { rows } = await instances.pool.query<{ id: string; seats: number }>(
      `select stream_id as id, count(*)::int as seats from licensing.events where type = 'seat.invited' group by 1`,
    );
    expect(rows.map(({ seats }) => seats)).toEqual([5, 5, 5, 5]);

    const { rows: invites } = await instances.pool.query<{ id: string }>(
      `select data->>'invite_id' as id from licensing.events where type = 'seat.invited'`,
    );
    const messageIds = (): Set<string> =>
      new Set(smtp.received.map(({ headers }) => /^Message-ID: <([\w-]+)@/im.exec(headers)?.[1] ?? ''));
    await eventually(() => messageIds().size >= invites.length);
    expect(messageIds()).toEqual(new Set(invites.map(({ id }) => id)));
    // So many mails may have been in progress when their sender was killed.
    expect(smtp.received.length).toBeLessThanOrEqual(invites.length + MAILS_AT_ONCE);
  });
});
