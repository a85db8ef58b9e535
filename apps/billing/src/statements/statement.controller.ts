import { Controller } from '@nestjs/common';
import { systemWide } from '#platform/auth/principal';
import { fileAnswer } from '#platform/export/streams';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { assertRange } from '../time-range.ts';
import { readStatement } from './statement.endpoints.ts';
import { STATEMENT_AMOUNTS, STATEMENT_COLUMNS, statementRows } from './statement.rows.ts';
import { Statements } from './statements.ts';

@Controller()
export class StatementController {
  constructor(private readonly statements: Statements) {}

  @Endpoint(readStatement)
  async read({ query, principal }: Call<typeof readStatement>): Promise<Answer> {
    systemWide(principal);
    assertRange(query);
    const { from, to, currency, format } = query;
    const { customer_id, accounts } = await this.statements.of({ ...query, currency });
    if (format === 'csv')
      return fileAnswer('statement', 'csv', STATEMENT_COLUMNS, statementRows(accounts, from, to), STATEMENT_AMOUNTS);
    const shown = accounts.map((account) => ({
      ...account,
      entries: account.entries.map(({ currency: _currency, ...entry }) => entry),
    }));
    return new Answer(200, { customer_id, from, to, accounts: shown });
  }
}
