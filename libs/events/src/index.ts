export * from './contract.ts';
export * from './decider.ts';
export * from './event.ts';
export * from './source.ts';
export * from './store.ts';
export * from './leader.ts';
export * from './trace.ts';
