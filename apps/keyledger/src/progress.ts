const WIDTH = 40;

/** How far a command has come. */
export interface Done {
  readonly done: number;
  readonly total: number;
  readonly refused: number;
}

/** Shows progress on standard error: a moving bar on a terminal, and elsewhere a line for every tenth. */
export class Progress {
  #told = -1;

  show({ done, total, refused }: Done): void {
    const share = total === 0 ? 1 : done / total;
    const text = `${done} of ${total}${refused > 0 ? `, ${refused} refused` : ''}`;
    if (process.stderr.isTTY) {
      process.stderr.write(`\r[${'='.repeat(Math.round(share * WIDTH)).padEnd(WIDTH)}] ${text}`);
    } else if (Math.floor(share * 10) > this.#told) {
      this.#told = Math.floor(share * 10);
      console.error(text);
    }
  }

  /** Ends the line of the bar. */
  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\n');
  }
}
