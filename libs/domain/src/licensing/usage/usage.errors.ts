/** Refusals of usage records, in addition to those of a license that may not be used. */
export const usageRefusals = {
  QUOTA_EXCEEDED: { status: 429, message: 'The quota does not allow this much.' },
  TIMESTAMP_OUT_OF_RANGE: {
    status: 400,
    message: 'timestamp is more than five minutes ahead, or in a period that ended three days ago or earlier.',
  },
};
