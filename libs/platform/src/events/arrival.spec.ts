import { newTypeid, typeidOf } from '#ids';
import { arrived } from './arrival.ts';

describe('what another service has created', () => {
  it('is found as soon as its event has arrived', async () => {
    let looks = 0;
    const look = () => Promise.resolve(++looks < 5 ? undefined : 'found');
    expect([await arrived(look, newTypeid('plan')), looks]).toEqual(['found', 5]);
  });

  it('is not waited for long if its id is old', async () => {
    const old = typeidOf('plan', new Uint8Array(16));
    let looks = 0;
    const look = () => {
      looks += 1;
      return Promise.resolve(undefined);
    };
    expect(await arrived(look, old)).toBeUndefined();
    // A look follows each 20 ms: ten times as many would be those of a new id.
    expect(looks).toBeLessThan(100);
  });
});
