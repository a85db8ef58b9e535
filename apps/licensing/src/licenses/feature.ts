import { licenseStream } from '#domain/licensing/license/license';
import type { Feature } from '#platform/feature';
import { BesideLicense } from './beside-license.ts';
import { ExpireWhenDue } from './expire-when-due.ts';
import { Issuing } from './issuing.ts';
import { LicenseController } from './license.controller.ts';
import { LicenseList } from './license.list.ts';
import { licensesProjection } from './license.projection.ts';
import { licensesTable } from './license.table.ts';
import { Licenses } from './licenses.ts';
import { LicenseSales1790500000200 } from './sales.migration.ts';
import { TransferController } from './transfer.controller.ts';
import { trialsProjection } from './trial.projection.ts';
import { trialsTable } from './trial.table.ts';

export const licensesFeature: Feature = {
  migrations: [LicenseSales1790500000200],
  tables: [licensesTable, trialsTable],
  streams: [licenseStream],
  projections: [licensesProjection, trialsProjection],
  controllers: [LicenseController, TransferController],
  providers: [Licenses, BesideLicense, Issuing, LicenseList],
  work: [ExpireWhenDue],
};
