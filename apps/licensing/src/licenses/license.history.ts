import { sessionsOf } from '#domain/licensing/floating/floating';
import { seatsOf } from '#domain/licensing/seat/seat';

/**
 * The streams in the history of a license: its own stream, and the streams of its parts. Their ids begin with the id of the
 * license.
 */
export const streamsOf = (licenseId: string): readonly string[] => [
  licenseId,
  seatsOf(licenseId),
  sessionsOf(licenseId),
];

/** Event types that are left out of the history of a license: there are thousands of them, and other routes list them. */
export const LEFT_OUT: readonly string[] = ['floating.renewed'];
