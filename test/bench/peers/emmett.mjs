import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';

/** Emmett's store as it is published, with its defaults. */
export const openEmmett = (url) => getPostgreSQLEventStore(url);
