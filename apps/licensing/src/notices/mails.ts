import type { AnyMailTemplate } from '#platform/mail/template';
import { seatInvite } from '../seats/seat-invite.mail.ts';
import { licenseDelivered } from './license-delivered.mail.ts';

/** The mails that licensing sends. */
export const licensingMails: readonly AnyMailTemplate[] = [seatInvite, licenseDelivered];
