import autocannon from 'autocannon';

export const fire = (options) => autocannon(options);
