export * from './contract.ts';
export * from './decider.ts';
export * from './event.ts';
export * from './source.ts';
export * from './store.ts';
