import { Controller } from '@nestjs/common';
import { fileAnswer } from '#platform/export/streams';
import { type Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { listPayments, Payment } from './payment.endpoints.ts';
import { PaymentList } from './payment.list.ts';

@Controller()
export class PaymentController {
  constructor(private readonly list: PaymentList) {}

  @Endpoint(listPayments)
  page({ query, principal }: Call<typeof listPayments>): Promise<unknown> | Answer {
    const { format } = query;
    if (format === undefined) return this.list.page(query, principal.product_id);
    const payments = this.list.all(query, principal.product_id);
    return fileAnswer('payments', format, Object.keys(Payment.properties), payments);
  }
}
