import { API_KEY_SCOPES } from '#domain/identity/api-key/api-key';
import { scopeOf } from '#platform/auth/scheme';
import { loadConfig } from '#platform/config/load';
import { PlatformSettings } from '#platform/config/config';
import { variablesOf } from '#platform/config/setting';
import { MailSettings } from '#platform/mail/mail.settings';
import { AuthenticationSettings } from '../../gateway/src/authentication/authentication.settings.ts';
import { WebhooksSettings } from '../../webhooks/src/webhooks.settings.ts';
import { services } from './services.ts';

const ENV = { KEYLEDGER_MASTER_KEY: 'ab'.repeat(32) };
const load = (env: Record<string, string> = {}) => loadConfig({ ...ENV, ...env }, { services, product: services });

describe('the settings of the services', () => {
  it('have defaults that work on one machine', () => {
    const config = load();
    expect(config.settingsOf(WebhooksSettings)).toEqual({ allow_cidrs: [], retention_days: 30 });
    expect(config.settingsOf(MailSettings)).toEqual({ mail_from: 'keyledger@localhost' });
    expect(config.settingsOf(AuthenticationSettings)).toEqual({ rate_limit_per_api_key: 2_000 });
  });

  it('are read from the environment', () => {
    const config = load({
      KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '10.0.0.0/8, fd00::/8',
      KEYLEDGER_WEBHOOK_RETENTION_DAYS: '7',
      KEYLEDGER_BOOTSTRAP_API_KEY: 'kl_first_key\n',
    });
    expect(config.settingsOf(WebhooksSettings)).toMatchObject({
      allow_cidrs: ['10.0.0.0/8', 'fd00::/8'],
      retention_days: 7,
    });
    expect(config.settingsOf(AuthenticationSettings).bootstrap_api_key).toBe('kl_first_key');
  });

  it.each([
    ['KEYLEDGER_WEBHOOK_ALLOW_CIDRS', '10.0.0.0/8,localhost'],
    ['KEYLEDGER_WEBHOOK_PROXY', 'proxy.example.com:3128'],
    ['KEYLEDGER_WEBHOOK_RETENTION_DAYS', '0'],
    ['KEYLEDGER_OPERATOR_EMAIL', 'Ada <ada@example.com>'],
    ['KEYLEDGER_SMTP_URL', 'mail.example.com:25'],
    ['KEYLEDGER_MAIL_FROM', 'Ada <ada@example.com>'],
    ['KEYLEDGER_INVITE_URL', 'example.com/invites'],
    ['KEYLEDGER_RATE_LIMIT_PER_API_KEY', '0'],
    ['KEYLEDGER_RATE_LIMIT_PER_LICENSE', 'many'],
    ['KEYLEDGER_WEBHOOKS_URL', 'webhooks:4000'],
  ])('refuse %s=%s with a message that names the variable', (name, value) => {
    expect(() => load({ [name]: value })).toThrow(new RegExp(name));
  });

  it('read each variable in one place', () => {
    const classes = [PlatformSettings, ...new Set(services.flatMap(({ settings }) => settings))];
    const variables = classes.flatMap(variablesOf);
    expect(variables.filter((name, at) => variables.indexOf(name) !== at)).toEqual([]);
  });
});

describe('the scopes of the services', () => {
  const scopes = services.flatMap((service) => service.scopes);

  it('are those that an API key may have', () => {
    expect([...scopes].sort()).toEqual([...API_KEY_SCOPES].sort());
  });

  it('are the only ones that routes ask for', () => {
    const asked = services.flatMap(({ routes }) => routes.map(({ auth }) => scopeOf(auth)));
    expect(asked.filter((scope) => scope !== undefined && !scopes.includes(scope))).toEqual([]);
  });
});
