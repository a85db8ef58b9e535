import { hmacSigner, keyOf, signatureHeaders } from './signature.ts';

describe('a signature', () => {
  it('matches the published vector of Standard Webhooks 1.0', () => {
    const sign = hmacSigner(keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'));
    const at = new Date(1_614_265_330_000);
    expect(signatureHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', at, '{"test": 2432232314}', [sign])).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});
