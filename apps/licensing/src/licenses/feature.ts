import { licenseStream } from '#domain/licensing/license/license';
import type { Feature } from '#platform/feature';
import { BesideLicense } from './beside-license.ts';
import { ExpireWhenDue } from './expire-when-due.ts';
import { Issuing } from './issuing.ts';
import { LicenseController } from './license.controller.ts';
import { LicenseList } from './license.list.ts';
import { licensesProjection } from './license.projection.ts';
import { LicenseTermAnchors1790000090000, LicenseTerms1790000071000, Licenses1790000012000 } from './license.table.ts';
import { Licenses } from './licenses.ts';
import { TransferController } from './transfer.controller.ts';
import { trialsProjection } from './trial.projection.ts';
import { Trials1790000072000 } from './trial.table.ts';

export const licensesFeature: Feature = {
  migrations: [Licenses1790000012000, LicenseTerms1790000071000, Trials1790000072000, LicenseTermAnchors1790000090000],
  streams: [licenseStream],
  projections: [licensesProjection, trialsProjection],
  controllers: [LicenseController, TransferController],
  providers: [Licenses, BesideLicense, Issuing, LicenseList],
  work: [ExpireWhenDue],
};
