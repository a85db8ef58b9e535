import { describeTransport } from './contract.ts';

describeTransport('log', () => ({}));
