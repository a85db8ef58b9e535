import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '../kafka.mjs';

/** Pauses before a broker that ended by itself is started again, in milliseconds: doubled each time, up to the last. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** A broker that ran this long, in milliseconds, is healthy: the next pause is the first one again. */
const WELL_MS = 30_000;

/** A broker that is started again if it ends by itself. A Ctrl-C does not reach it: services flush into it before it stops. */
export class KafkaProcess {
  #stopping = new AbortController();
  /** Called when the broker runs as a new process. */
  changed = () => undefined;

  /** Use `KafkaProcess.start`. */
  constructor(kafka, options) {
    this.kafka = kafka;
    this.options = options;
    this.kept = this.#keep();
  }

  /**
   * @param {object} options
   * @param {string} options.dir its folder
   * @param {(message: string) => void} options.tell shows a message to the operator
   */
  static async start(options) {
    return new KafkaProcess(await startKafka({ dir: options.dir, detached: true }), options);
  }

  get brokers() {
    return this.kafka.brokers;
  }

  get pid() {
    return this.kafka.pid;
  }

  async stop() {
    this.#stopping.abort();
    await this.kafka.stop();
    await this.kept;
  }

  async #keep() {
    const { signal } = this.#stopping;
    const { tell } = this.options;
    for (let pause = FIRST_PAUSE_MS, since = Date.now(); ;) {
      const how = await this.kafka.ended();
      if (signal.aborted) return;
      if (Date.now() - since > WELL_MS) pause = FIRST_PAUSE_MS;
      tell(`kafka ended (${how}); starting it again in ${pause} ms`);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      since = Date.now();
      const starting = this.kafka.restart();
      this.changed();
      // If the start fails, the broker ends, and the next turn of the loop starts it again.
      await starting.catch((error) => signal.aborted || tell(error.message));
    }
  }
}
