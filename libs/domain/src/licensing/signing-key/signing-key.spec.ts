import { LEASE_SECONDS } from '../lease/lease.ts';
import { specification } from '../../../testing/given.ts';
import { addDays, toTime } from '../../shared/time.ts';
import {
  decideSigningKey,
  PUBLISHED_FIRST_MS,
  type SigningKeyCommand,
  type SigningKeyEvent,
  type SigningKeySet,
  signingKeyStream,
  statusOf,
} from './signing-key.ts';

const given = specification<SigningKeyCommand, SigningKeyEvent, SigningKeySet>({
  ...signingKeyStream,
  decide: decideSigningKey,
});

const T0 = '2026-01-31T09:00:00.000Z';
const after = (milliseconds: number): string => toTime(Date.parse(T0) + milliseconds);
const HOUR = 3_600_000;

const first: SigningKeyEvent = {
  type: 'signing_key.created',
  kid: 'one',
  public_key: 'x1',
  created_at: T0,
  signs_from: T0,
};
const second: SigningKeyEvent = {
  type: 'signing_key.rotated',
  kid: 'two',
  previous_kid: 'one',
  public_key: 'x2',
  created_at: after(HOUR),
  signs_from: after(HOUR + PUBLISHED_FIRST_MS),
};
const rotate = (now: string, compromised = false): SigningKeyCommand => ({
  type: 'RotateSigningKey',
  kid: 'two',
  public_key: 'x2',
  compromised,
  now,
});
const retire = (now: string, good_until?: string | null): SigningKeyCommand => ({
  type: 'RetireSigningKey',
  kid: 'one',
  good_until,
  now,
});
/** When the last lease of the first key expires. The instance with the slowest clock signed it as the second key took over. */
const LEASES_END = after(HOUR + PUBLISHED_FIRST_MS + HOUR + LEASE_SECONDS * 1000);

describe('signing keys', () => {
  it('begin with one key that signs immediately; another first key is ignored', () => {
    const create: SigningKeyCommand = { type: 'CreateFirstKey', kid: 'one', public_key: 'x1', now: T0 };
    given().when(create).then([first]);
    given(first)
      .when({ ...create, kid: 'other' })
      .thenNothing();
  });

  it('are published ten minutes before they sign', () => {
    given(first)
      .when(rotate(after(HOUR)))
      .then([second]);
    given(first, second)
      .when(rotate(after(HOUR + PUBLISHED_FIRST_MS - 1)))
      .thenRefused('ROTATION_IN_PROGRESS', { signs_from: second.signs_from });
    given(first, second)
      .when({ ...rotate(second.signs_from), kid: 'three' } as SigningKeyCommand)
      .thenMatches([{ kid: 'three', previous_kid: 'two' }]);
  });

  it('overlap: the status of each key depends on the time', () => {
    const set = [first, second].reduce(signingKeyStream.evolve, signingKeyStream.initialState);
    const at = (now: string): string[] => set.keys.map((key) => statusOf(key, set, now));
    expect(at(after(HOUR))).toEqual(['published', 'signing']);
    expect(at(second.signs_from)).toEqual(['signing', 'verifying']);
    const retired = signingKeyStream.evolve(set, {
      type: 'signing_key.retired',
      kid: 'one',
      retired_at: LEASES_END,
      compromised: false,
    });
    expect(retired.keys.map((key) => statusOf(key, retired, LEASES_END))).toEqual(['signing', 'retired']);
  });

  it('retire when the last lease has expired, and not earlier', () => {
    given(first, second)
      .when(retire(toTime(Date.parse(LEASES_END) - 1)))
      .thenNothing();
    given(first, second)
      .when(retire(LEASES_END))
      .then([{ type: 'signing_key.retired', kid: 'one', retired_at: LEASES_END, compromised: false }]);
  });

  it('stay while anything else that they signed is valid: a file for a year, a license key permanently', () => {
    const year = addDays(LEASES_END, 365);
    given(first, second).when(retire(LEASES_END, year)).thenNothing();
    given(first, second)
      .when(retire(year, year))
      .thenMatches([{ type: 'signing_key.retired' }]);
    given(first, second).when(retire(year, null)).thenNothing();
  });

  it('all retire if they are compromised; the next key signs immediately, even during a rotation', () => {
    const now = after(HOUR + 1);
    const third = { ...rotate(now, true), kid: 'three', public_key: 'x3' } as SigningKeyCommand;
    given(first, second)
      .when(third)
      .then([
        {
          type: 'signing_key.rotated',
          kid: 'three',
          previous_kid: 'two',
          public_key: 'x3',
          created_at: now,
          signs_from: now,
        },
        { type: 'signing_key.retired', kid: 'two', retired_at: now, compromised: true },
        { type: 'signing_key.retired', kid: 'one', retired_at: now, compromised: true },
      ]);
    const gone: SigningKeyEvent = {
      type: 'signing_key.retired',
      kid: 'one',
      retired_at: LEASES_END,
      compromised: false,
    };
    given(first, second, gone)
      .when(third)
      .thenMatches([{ kid: 'three' }, { kid: 'two' }]);
  });

  it('never retire while they sign, and only once', () => {
    given(first)
      .when(retire(addDays(T0, 1000)))
      .thenNothing();
    given(first, second, { type: 'signing_key.retired', kid: 'one', retired_at: LEASES_END, compromised: false })
      .when(retire(addDays(T0, 1000)))
      .thenNothing();
    given(first)
      .when({ ...retire(T0), kid: 'unknown' } as SigningKeyCommand)
      .thenRefused('SIGNING_KEY_NOT_FOUND');
  });
});
