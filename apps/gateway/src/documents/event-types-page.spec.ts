import { contracts } from '../../../../test/support/product.ts';
import { catalogue } from '#events/catalogue/catalogue';
import { eventTypesPage } from './event-types-page.ts';

describe('the page of event types', () => {
  const { data } = catalogue(contracts);
  const html = eventTypesPage(data);

  it('has every type with its service, its fields and an example', () => {
    for (const { type, topic, example } of data) {
      const [, section = ''] = html.split(`<h2 id="${type}">`);
      expect(section).toContain(`<code>${topic}</code>`);
      for (const field of Object.keys(example)) expect(section).toContain(`<code>${field}</code>`);
    }
  });

  it('shows the meaning of a field that may be null', () => {
    const [, section = ''] = html.split('<h2 id="key_batch.created">');
    expect(section).toContain(
      '<td>string (date-time) or null</td><td>Its codes can be redeemed until this time; null = no limit.',
    );
  });

  it('contains no scripts, and escapes descriptions', () => {
    expect(html).not.toContain('<script');
    const [first] = data;
    if (first === undefined) throw new Error('the catalogue is empty');
    expect(eventTypesPage([{ ...first, description: '<img src=x onerror=alert(1)>' }])).not.toContain('<img');
  });
});
