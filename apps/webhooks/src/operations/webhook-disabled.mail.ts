import { defineMail, facts, paragraph, steps } from '#platform/mail/template';

export type WebhookDisabled = {
  readonly webhook: string;
  readonly description: string | null;
  readonly origin: string;
  /** Its endpoint answered 410 Gone; otherwise it failed for too long. */
  readonly gone: boolean;
  readonly time: string;
  readonly failing_since: string | null;
  readonly retention_days: number;
};

const WEBHOOK = '{{ webhook }}{% if description %} ({{ description }}){% endif %}';
const ENABLE = [
  'PATCH /api/v1/admin/webhooks/{{ webhook }} with {"active": true}',
  'POST /api/v1/admin/webhooks/{{ webhook }}/replays with {"since": "{{ time }}"}',
] as const;
const ENABLE_DE = ENABLE.map((step) => step.replace(' with ', ' mit '));

/** To the operator: Keyledger has switched off a webhook by itself. */
export const webhookDisabled = defineMail<WebhookDisabled>({
  name: 'webhook-disabled',
  description: 'To the operator, when Keyledger has switched off a webhook by itself.',
  sample: {
    webhook: 'whk_01jd1zx0h8e4rvy2m6k9w3q5tb',
    description: 'Orders',
    origin: 'https://example.com',
    gone: false,
    time: '2026-11-21T09:30:00.000Z',
    failing_since: '2026-11-16T09:30:00.000Z',
    retention_days: 30,
  },
  en: {
    subject: 'Webhook {{ webhook }} was switched off',
    blocks: [
      paragraph(
        'A webhook was switched off: {% if gone %}its endpoint answered 410 Gone{% else %}nothing but failures came of it for five days{% endif %}.',
      ),
      facts({
        Webhook: WEBHOOK,
        Endpoint: '{{ origin }}',
        'Switched off': '{{ time }}',
        'Failing since': '{{ failing_since }}',
      }),
      paragraph('Events for it are kept for {{ retention_days }} days. When the endpoint works again:'),
      steps(...ENABLE),
    ],
  },
  de: {
    subject: 'Der Webhook {{ webhook }} wurde abgeschaltet',
    blocks: [
      paragraph(
        'Ein Webhook wurde abgeschaltet: {% if gone %}sein Endpunkt hat mit 410 Gone geantwortet{% else %}fünf Tage lang sind alle Zustellungen fehlgeschlagen{% endif %}.',
      ),
      facts({
        Webhook: WEBHOOK,
        Endpunkt: '{{ origin }}',
        Abgeschaltet: '{{ time }}',
        'Fehler seit': '{{ failing_since }}',
      }),
      paragraph(
        'Ereignisse für ihn werden {{ retention_days }} Tage lang aufbewahrt. Sobald der Endpunkt wieder funktioniert:',
      ),
      steps(...ENABLE_DE),
    ],
  },
});
