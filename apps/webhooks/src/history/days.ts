/** Days in one partition of the history, as `make_history` makes it; days are counted from 1970-01-01. */
export const PARTITION_DAYS = 7;

/** SQL for the present day, counted from 1970-01-01 UTC: the partition of events that are taken in now. */
export const TODAY = `(extract(epoch from now())::bigint / 86400)::int`;
