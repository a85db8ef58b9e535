import Type, { type Static } from 'typebox';
import { endpoint } from '../http/endpoint.ts';
import { Email, StrictObject } from '../http/schemas.ts';
import { MAIL_LANGUAGES } from './language.ts';

const TAG = 'Mails';

const Locale = Type.String({
  pattern: '^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$',
  maxLength: 35,
  description: 'BCP 47; English where a mail is not written in its language.',
  examples: ['de-AT'],
});

const MailTemplateView = StrictObject(
  {
    name: Type.String(),
    description: Type.String(),
    languages: Type.Array(Type.Enum([...MAIL_LANGUAGES])),
  },
  { $id: 'MailTemplate' },
);
export type MailTemplateView = Static<typeof MailTemplateView>;

const MailPreview = StrictObject(
  { subject: Type.String(), text: Type.String(), html: Type.String() },
  { $id: 'MailPreview' },
);

/** The routes of a service's own templates: each service has a path of its own, by which the gateway finds it. */
export const templateEndpoints = (service: string, names: readonly string[]) => {
  const path = `/admin/mail-templates/${service}`;
  const of = service.charAt(0).toUpperCase() + service.slice(1);
  const params = StrictObject({ name: Type.Enum([...names], { description: 'The name of a template.' }) });
  return {
    list: endpoint({
      method: 'GET',
      path,
      operation: `list${of}MailTemplates`,
      tag: TAG,
      summary: `List the mails that ${service} sends (each service lists its own below /admin/mail-templates)`,
      auth: 'admin',
      answers: {
        200: { description: 'The templates.', schema: StrictObject({ data: Type.Array(MailTemplateView) }) },
      },
      problems: [],
    }),
    preview: endpoint({
      method: 'GET',
      path: `${path}/:name/preview`,
      operation: `preview${of}Mail`,
      tag: TAG,
      summary: `Read a mail of ${service} as it is sent, with sample values`,
      auth: 'admin',
      params,
      query: StrictObject({ locale: Type.Optional(Locale) }),
      answers: { 200: { description: 'The mail.', schema: MailPreview } },
      problems: [],
    }),
    test: endpoint({
      method: 'POST',
      path: `${path}/:name/test`,
      operation: `test${of}Mail`,
      tag: TAG,
      summary: `Send a mail of ${service} with sample values, without its attachments`,
      auth: 'admin',
      params,
      body: StrictObject({ to: Email, locale: Type.Optional(Locale) }),
      answers: {
        202: {
          description: 'The mail waits to be sent. `id` is the left side of its Message-ID.',
          schema: StrictObject({ id: Type.String(), to: Type.String() }),
        },
      },
      problems: [],
    }),
  };
};
