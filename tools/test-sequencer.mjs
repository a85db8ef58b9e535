import Sequencer from '@jest/test-sequencer';

const waits = ({ context }) => context.config.displayName?.name === 'proc';

/**
 * The order of suites: each tier from its longest suite to its shortest (jest knows or estimates the durations), with the tiers
 * interleaved. So suites that wait for processes run beside suites that compute, and no long suite is left for the end.
 */
export default class InStep extends Sequencer {
  sort(tests) {
    const longestFirst = super.sort(tests);
    return [longestFirst.filter(waits), longestFirst.filter((test) => !waits(test))]
      .flatMap((group) => group.map((test, n) => ({ test, share: n / group.length })))
      .sort((a, b) => a.share - b.share)
      .map(({ test }) => test);
  }
}
