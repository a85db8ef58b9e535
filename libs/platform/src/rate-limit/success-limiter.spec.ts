import { createSuccessLimiter } from './success-limiter.ts';

describe('the limit of calls in a second', () => {
  it('says how much is left, refuses calls above it, and counts each caller separately', async () => {
    const limiter = createSuccessLimiter('api-key', 3, 'on');
    expect(await limiter.take('key_1')).toEqual({
      ratelimit: '"api-key";r=2;t=1',
      'ratelimit-policy': '"api-key";q=3;w=1',
    });
    await limiter.take('key_1');
    expect(await limiter.take('key_1')).toMatchObject({ ratelimit: '"api-key";r=0;t=1' });
    await expect(limiter.take('key_1')).rejects.toMatchObject({
      status: 429,
      code: 'RATE_LIMITED',
      headers: { 'retry-after': '1', ratelimit: '"api-key";r=0;t=1' },
    });
    expect(await limiter.take('key_2')).toMatchObject({ ratelimit: '"api-key";r=2;t=1' });
  });

  it('can be switched off', async () => {
    const limiter = createSuccessLimiter('api-key', 1, 'off');
    for (let i = 0; i < 10; i++) expect(await limiter.take('key_1')).toEqual({});
  });
});
