import type { Time } from '../../shared/time.ts';
import { assignNumbers, numberStream } from './number.ts';

const assign = (count: number, issued_at: Time | null, ...times: readonly Time[]) =>
  assignNumbers(
    {
      series: 'invoice',
      year: 2026,
      prefix: 'INV',
      documents: times.map((time, n) => ({
        document_id: `inv_${n}`,
        invoice_id: `inv_${n}`,
        issued_at: time,
        request: null,
      })),
    },
    { count, issued_at },
  );

describe('numbers', () => {
  it('begin with 1 and have no gaps', () => {
    const [first, second] = assign(0, null, '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z');
    expect(first).toMatchObject({ count: 1, number: 'INV-2026-00001', document_id: 'inv_0' });
    expect(second).toMatchObject({ count: 2, number: 'INV-2026-00002', document_id: 'inv_1' });
    expect(
      [first, second].reduce(
        (state, event) => (event ? numberStream.evolve(state, event) : state),
        numberStream.initialState,
      ),
    ).toEqual({
      count: 2,
      issued_at: '2026-01-02T00:00:00.000Z',
    });
  });

  it('ascend together with the times of issue', () => {
    const times = assign(
      41,
      '2026-03-01T00:00:00.000Z',
      '2026-02-01T00:00:00.000Z',
      '2026-03-02T00:00:00.000Z',
      '2026-03-01T12:00:00.000Z',
    );
    expect(times.map(({ number, issued_at }) => [number, issued_at])).toEqual([
      ['INV-2026-00042', '2026-03-01T00:00:00.000Z'],
      ['INV-2026-00043', '2026-03-02T00:00:00.000Z'],
      ['INV-2026-00044', '2026-03-02T00:00:00.000Z'],
    ]);
  });

  it('of credit notes are a series of their own, and an empty prefix leaves nothing behind', () => {
    const document = { document_id: 'cn_1', invoice_id: 'inv_1', issued_at: '2026-01-01T00:00:00.000Z', request: null };
    const number = (prefix: string) =>
      assignNumbers(
        { series: 'credit_note', year: 2026, prefix, documents: [document] },
        { count: 0, issued_at: null },
      )[0]?.number;
    expect(number('INV')).toBe('INV-CN-2026-00001');
    expect(number('')).toBe('CN-2026-00001');
  });
});
