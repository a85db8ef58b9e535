import {
  type CustomerEvent,
  NOBODY,
  withBalance,
  withoutNulls,
  withTaxIdStatus,
} from '#domain/billing/customer/customer';
import { tableProjection } from '#events/projection/table';
import { type CustomerRow, customersTable } from './customer.table.ts';

export const customersProjection = tableProjection<CustomerRow, CustomerEvent>({
  table: customersTable,
  types: ['customer.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version }) => {
    if (event.type === 'customer.created') {
      const { type: _event, created_at, ...profile } = event;
      return {
        ...profile,
        ...withoutNulls(profile),
        id: stream_id,
        version,
        balances: {},
        merged_into: null,
        forgotten_at: null,
        created_at: new Date(created_at),
      };
    }
    if (row === undefined) return row;
    switch (event.type) {
      case 'customer.updated': {
        const { type: _event, customer_id: _id, updated: _names, ...changes } = event;
        return { ...row, ...changes, ...withoutNulls(changes), forgotten_at: null, version };
      }
      case 'customer.balance_changed':
        return { ...row, balances: withBalance(row.balances, event.currency, event.balance), version };
      case 'customer.tax_id_checked':
        return { ...row, tax_ids: withTaxIdStatus(row.tax_ids, event), version };
      case 'customer.merged':
        return { ...row, merged_into: event.into, balances: {}, version };
      case 'customer.forgotten':
        return { ...row, ...NOBODY, forgotten_at: new Date(event.forgotten_at), version };
      default:
        return row;
    }
  },
});
