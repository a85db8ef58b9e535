/** What records of usage are refused for, beside what keeps a license from being used. */
export const usageRefusals = {
  QUOTA_EXCEEDED: { status: 429, message: 'The quota does not allow this much.' },
  TIMESTAMP_OUT_OF_RANGE: {
    status: 400,
    message: 'timestamp lies more than five minutes ahead, or in a period that ended three days ago or before.',
  },
};
