import { readGrants } from './grant-file.ts';

const read = (text: string, options = {}) => readGrants(text, 'users.csv', options);

describe('a file of grants', () => {
  it('takes what a line leaves out from the options', () => {
    const text = '\ufeffuser, plan ,reason,email\r\nada,pro,"beta, first",ada@example.com\r\n\r\nbob,,,\r\n';
    expect(read(text, { plan: 'free', reason: 'press', duration: 'P1M' })).toEqual([
      { line: 2, user: 'ada', plan: 'pro', reason: 'beta, first', email: 'ada@example.com', duration: 'P1M' },
      { line: 4, user: 'bob', plan: 'free', reason: 'press', duration: 'P1M' },
    ]);
  });

  it.each([
    ['name,plan\nada,pro', 'the first line names the column "name"'],
    ['plan,reason\npro,x', 'does not name the column user'],
    ['user\nada', 'users.csv, line 2: plan is missing. Fill in the column, or give --plan.'],
    ['user,plan\nada,pro\nbob,pro', 'line 2: reason is missing'],
    ['user,plan,reason\n,pro,x', 'line 2: user is missing'],
    ['user,plan,reason\nada,pro', 'Invalid Record Length'],
    ['user,plan,reason\n"ada,pro,x', 'Quote Not Closed'],
  ])('%j is refused, with the line and the remedy', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
