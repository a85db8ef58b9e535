import { Controller, Inject, Optional, type Type } from '@nestjs/common';
import { drawRandom } from '#ids';
import type { ServiceDatabase } from '../database/database.ts';
import { Answer, type Call, Endpoint } from '../http/endpoint.ts';
import { DATABASE } from '../service.ts';
import { MAIL_LANGUAGES } from './language.ts';
import { MailOutbox } from './outbox.ts';
import { type MailSender, renderMail, type RenderedMail } from './render-mail.ts';
import { MAIL_SENDER, type SenderOfMails } from './sender.ts';
import { type MailTemplateView, templateEndpoints } from './template.endpoints.ts';
import type { AnyMailTemplate } from './template.ts';

/** Makes the controller that shows a service's mails: list, preview, test. */
export const templateController = (service: string, templates: readonly AnyMailTemplate[]): Type => {
  const byName = new Map(templates.map((template) => [template.name, template]));
  const { list, preview, test } = templateEndpoints(service, [...byName.keys()]);

  /** The contract takes only these names. */
  const named = (name: string): AnyMailTemplate => {
    const template = byName.get(name);
    if (template === undefined) throw new Error(`There is no mail "${name}".`);
    return template;
  };

  @Controller()
  class MailTemplateController {
    constructor(
      @Inject(MailOutbox) private readonly outbox: MailOutbox,
      @Inject(DATABASE) private readonly database: ServiceDatabase,
      @Optional() @Inject(MAIL_SENDER) private readonly senderOfMails: SenderOfMails | null,
    ) {}

    @Endpoint(list)
    list(_call: Call<typeof list>): { readonly data: readonly MailTemplateView[] } {
      return {
        data: templates.map(({ name, description }) => ({ name, description, languages: [...MAIL_LANGUAGES] })),
      };
    }

    @Endpoint(preview)
    async preview({ params, query }: Call<typeof preview>): Promise<RenderedMail> {
      const template = named(params.name);
      return renderMail(template, template.sample, { locale: query.locale, sender: await this.sender() });
    }

    @Endpoint(test)
    async test({ params, body }: Call<typeof test>): Promise<Answer> {
      const template = named(params.name);
      const id = `test-${drawRandom(16).toString('hex')}`;
      const sender = await this.sender();
      await this.outbox.write(template, template.sample, { id, ...body, sender }, this.database.pool);
      return new Answer(202, { id, to: body.to });
    }

    private async sender(): Promise<MailSender | undefined> {
      return this.senderOfMails?.();
    }
  }
  return MailTemplateController;
};
