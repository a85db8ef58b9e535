/** Lets one loop wait for work that others bring. Ringing before anybody waits is not lost. */
export class Bell {
  #rung = false;
  #wake: () => void = () => undefined;

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Returns when it has been rung since the last time. */
  async heard(): Promise<void> {
    if (!this.#rung) await new Promise<void>((wake) => (this.#wake = wake));
    this.#rung = false;
  }
}
