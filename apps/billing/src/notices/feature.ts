import type { Feature } from '#platform/feature';
import { NoticeSettings } from './notice.settings.ts';

/** Mails to customers about what happened in billing. */
export const noticesFeature: Feature = {
  settings: [NoticeSettings],
};
