import { Module } from '@nestjs/common';
import { addOnStream } from '#domain/licensing/add-on/add-on';
import { licensingContracts } from '#domain/licensing/contracts';
import { keyBatchStream } from '#domain/licensing/key-batch/key-batch';
import { floatingStream } from '#domain/licensing/floating/floating';
import { licenseStream } from '#domain/licensing/license/license';
import { planStream } from '#domain/licensing/plan/plan';
import { productStream } from '#domain/licensing/product/product';
import { signingKeyStream } from '#domain/licensing/signing-key/signing-key';
import { usageStream } from '#domain/licensing/usage/usage';
import { seatStream } from '#domain/licensing/seat/seat';
import { Mails1790000001000, SEALED_MAILS } from '#platform/mail/outbox.table';
import { MailOutbox } from '#platform/mail/outbox';
import { FailedIdentifications1790000000000 } from '#platform/rate-limit/failed-identifications.migration';
import { ServiceModule } from '#platform/service.module';
import type { ServiceDefinition } from '#platform/service';
import { ActivationController } from './activations/activation.controller.ts';
import { ActivationList } from './activations/activation.list.ts';
import { activationsProjection } from './activations/activation.projection.ts';
import { Activations1790000082000 } from './activations/activation.table.ts';
import { GivingUp } from './activations/giving-up.ts';
import { OwnActivationController } from './activations/own-activation.controller.ts';
import { ReleaseUnseen } from './activations/release-unseen.ts';
import { AddOnController } from './add-ons/add-on.controller.ts';
import { addOnsProjection } from './add-ons/add-on.projection.ts';
import { AddOns1790000040000 } from './add-ons/add-on.table.ts';
import { BindingController } from './bindings/binding.controller.ts';
import { Identities } from './bindings/identities.ts';
import { Entitlements } from './entitlements/entitlements.ts';
import { LicenseEntitlementController } from './entitlements/license-entitlement.controller.ts';
import { ImportController } from './imports/import.controller.ts';
import { Imports1790000030000 } from './imports/import.table.ts';
import { Importer } from './imports/importer.ts';
import { Imports } from './imports/imports.ts';
import { ImportLine } from './imports/line.ts';
import { LicenseFileController } from './files/license-file.controller.ts';
import { ExpireSessions } from './floating/expire-sessions.ts';
import { FloatingController } from './floating/floating.controller.ts';
import { SessionController } from './floating/session.controller.ts';
import { sessionsProjection } from './floating/session.projection.ts';
import { sessionsSnapshot } from './floating/session.snapshot.ts';
import { FloatingSessions1790000083000 } from './floating/session.table.ts';
import { Sessions } from './floating/sessions.ts';
import { Codes } from './key-batches/codes.ts';
import { KeyBatchController } from './key-batches/key-batch.controller.ts';
import { keyBatchCodesProjection, keyBatchesProjection } from './key-batches/key-batch.projection.ts';
import { KeyBatches1790000062000 } from './key-batches/key-batch.table.ts';
import { RedemptionController } from './key-batches/redemption.controller.ts';
import { LicenseKeyController } from './license-keys/license-key.controller.ts';
import { LicenseKeys } from './license-keys/license-keys.ts';
import { RetireSigningKeys } from './signing-keys/retire-signing-keys.ts';
import { SigningKeyController } from './signing-keys/signing-key.controller.ts';
import { SigningKeySecrets } from './signing-keys/signing-key.secrets.ts';
import { SigningKeys1790000013000, SigningKeySecrets1790000061000 } from './signing-keys/signing-key.table.ts';
import { SigningKeys } from './signing-keys/signing-keys.ts';
import { WellKnownController } from './signing-keys/well-known.controller.ts';
import { BesideLicense } from './licenses/beside-license.ts';
import { ExpireWhenDue } from './licenses/expire-when-due.ts';
import { Issuing } from './licenses/issuing.ts';
import { LicenseController } from './licenses/license.controller.ts';
import { LicenseList } from './licenses/license.list.ts';
import { licensesProjection } from './licenses/license.projection.ts';
import {
  LicenseTermAnchors1790000090000,
  LicenseTerms1790000071000,
  Licenses1790000012000,
} from './licenses/license.table.ts';
import { Licenses } from './licenses/licenses.ts';
import { TransferController } from './licenses/transfer.controller.ts';
import { trialsProjection } from './licenses/trial.projection.ts';
import { Trials1790000072000 } from './licenses/trial.table.ts';
import { PlanEntitlementController } from './plans/plan-entitlement.controller.ts';
import { PlanController } from './plans/plan.controller.ts';
import { plansProjection } from './plans/plan.projection.ts';
import {
  PlanActivationRules1790000081000,
  PlanBorrowing1790000080000,
  PlanTermRules1790000070000,
  Plans1790000011000,
} from './plans/plan.table.ts';
import { ProductController } from './products/product.controller.ts';
import { productsProjection } from './products/product.projection.ts';
import { Products1790000010000 } from './products/product.table.ts';
import { ExpireInvites } from './seats/expire-invites.ts';
import { InviteTokens } from './seats/invite-tokens.ts';
import { MailInvites } from './seats/mail-invites.ts';
import { SeatController } from './seats/seat.controller.ts';
import { seatsProjection } from './seats/seat.projection.ts';
import { Seats1790000021000 } from './seats/seat.table.ts';
import { Seats } from './seats/seats.ts';
import { Consumption } from './usage/consumption.ts';
import { UsageBatchController } from './usage/usage-batch.controller.ts';
import { UsageBatches } from './usage/usage-batches.ts';
import { UsageCallers } from './usage/usage-callers.ts';
import { UsageCommands } from './usage/usage-commands.ts';
import { UsageExportController } from './usage/usage-export.controller.ts';
import { UsageRecordController } from './usage/usage-record.controller.ts';
import { UsageRecords } from './usage/usage-records.ts';
import { UsageController } from './usage/usage.controller.ts';
import { usageProjection } from './usage/usage.projection.ts';
import { usageSnapshot } from './usage/usage.snapshot.ts';
import { Usage1790000045000, UsageNoticeLimits1790000091000 } from './usage/usage.tables.ts';
import { Identification } from './verification/identification.ts';
import { Leases } from './verification/leases.ts';
import { LicenseLookup } from './verification/license-lookup.ts';
import { Validations1790000014000 } from './verification/validation.table.ts';
import { ValidationLog } from './verification/validation-log.ts';
import { VerificationController } from './verification/verification.controller.ts';

export const licensingService: ServiceDefinition = {
  name: 'licensing',
  entities: [],
  migrations: [
    FailedIdentifications1790000000000,
    Products1790000010000,
    Plans1790000011000,
    Licenses1790000012000,
    SigningKeys1790000013000,
    Validations1790000014000,
    AddOns1790000040000,
    Usage1790000045000,
    UsageNoticeLimits1790000091000,
    Mails1790000001000,
    Seats1790000021000,
    Imports1790000030000,
    SigningKeySecrets1790000061000,
    KeyBatches1790000062000,
    PlanTermRules1790000070000,
    PlanBorrowing1790000080000,
    FloatingSessions1790000083000,
    LicenseTerms1790000071000,
    Trials1790000072000,
    PlanActivationRules1790000081000,
    Activations1790000082000,
    LicenseTermAnchors1790000090000,
  ],
  streams: [
    productStream,
    planStream,
    addOnStream,
    licenseStream,
    usageStream,
    seatStream,
    floatingStream,
    signingKeyStream,
    keyBatchStream,
  ],
  projections: [
    productsProjection,
    plansProjection,
    addOnsProjection,
    licensesProjection,
    activationsProjection,
    trialsProjection,
    usageProjection,
    seatsProjection,
    sessionsProjection,
    keyBatchesProjection,
    keyBatchCodesProjection,
  ],
  snapshots: [usageSnapshot, sessionsSnapshot],
  sealed: [
    SEALED_MAILS,
    { table: 'signing_keys', key: 'kid', column: 'private_sealed', purpose: 'signing-key', context: (kid) => kid },
  ],
  contracts: licensingContracts,
};

/** Products and plans, the licenses that are issued for them, and whether a license may be used. */
@Module({
  imports: [ServiceModule.forService(licensingService)],
  controllers: [
    ProductController,
    PlanController,
    PlanEntitlementController,
    AddOnController,
    LicenseEntitlementController,
    LicenseController,
    TransferController,
    LicenseKeyController,
    LicenseFileController,
    KeyBatchController,
    RedemptionController,
    ActivationController,
    OwnActivationController,
    BindingController,
    VerificationController,
    WellKnownController,
    SigningKeyController,
    SeatController,
    FloatingController,
    SessionController,
    UsageController,
    UsageBatchController,
    UsageRecordController,
    UsageExportController,
    MailInvites,
    ImportController,
  ],
  providers: [
    Licenses,
    BesideLicense,
    Issuing,
    LicenseList,
    ActivationList,
    GivingUp,
    ReleaseUnseen,
    Identities,
    LicenseKeys,
    Codes,
    Entitlements,
    SigningKeySecrets,
    SigningKeys,
    RetireSigningKeys,
    LicenseLookup,
    Identification,
    Leases,
    ValidationLog,
    ExpireWhenDue,
    Seats,
    Sessions,
    ExpireSessions,
    UsageCallers,
    UsageCommands,
    UsageBatches,
    UsageRecords,
    Consumption,
    InviteTokens,
    ExpireInvites,
    MailOutbox,
    Imports,
    ImportLine,
    Importer,
  ],
})
export class LicensingModule {}
