import { sessionsOf } from '#domain/licensing/floating/floating';
import { seatsOf } from '#domain/licensing/seat/seat';

/** The streams that tell of a license: its own, and those of what is counted apart from it. Their ids begin with the license's. */
export const streamsOf = (licenseId: string): readonly string[] => [
  licenseId,
  seatsOf(licenseId),
  sessionsOf(licenseId),
];

/** What is left out of a license's history: it comes by the thousand and is listed elsewhere. */
export const LEFT_OUT: readonly string[] = ['floating.renewed'];
