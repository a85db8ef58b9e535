import { type Refusals, refuser } from '../../shared/refusal.ts';

export type FloatingRefusal =
  | 'FEATURE_NOT_AVAILABLE'
  | 'FLOATING_LIMIT_REACHED'
  | 'BORROW_LIMIT_EXCEEDED'
  | 'SESSION_EXPIRED'
  | 'SESSION_NOT_FOUND';

export const floatingRefusals: Refusals<FloatingRefusal> = {
  FEATURE_NOT_AVAILABLE: { status: 403, message: 'The plan of this license does not have this feature.' },
  FLOATING_LIMIT_REACHED: { status: 409, message: 'All sessions of the license are taken.' },
  BORROW_LIMIT_EXCEEDED: { status: 409, message: 'A session of this license cannot be borrowed for so long.' },
  SESSION_EXPIRED: { status: 409, message: 'The session has ended: check out again.' },
  SESSION_NOT_FOUND: { status: 404, message: 'This license has no such session: check out.' },
};

export const refuseFloating = refuser(floatingRefusals);
