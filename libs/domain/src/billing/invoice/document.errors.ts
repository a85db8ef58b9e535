import { type Refusals, refuser } from '../../shared/refusal.ts';

export type DocumentRefusal = 'E_INVOICE_INCOMPLETE' | 'XRECHNUNG_INCOMPLETE';

/** Refusals of formats; `fields` names what is missing. */
export const documentRefusals: Refusals<DocumentRefusal> = {
  E_INVOICE_INCOMPLETE: {
    status: 409,
    message: 'Electronic invoices (EN 16931) need fields that the document does not have.',
  },
  XRECHNUNG_INCOMPLETE: { status: 409, message: 'XRechnung needs fields that the document does not have.' },
};

export const refuseDocument = refuser(documentRefusals);
