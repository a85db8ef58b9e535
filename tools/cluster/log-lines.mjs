import { LineCutter } from '../../dist/libs/platform/src/text/line-cutter.js';

/** Longest line of output that is logged, in bytes. */
const LONGEST_LINE = 4_194_304;
const TOO_LONG = Buffer.from(`(A line of more than ${LONGEST_LINE} bytes is left out here.)`);
const LINE_FEED = Buffer.from('\n');

/**
 * Appends the lines of a program's output to a log. A line ends only at LF, since JSON may contain U+2028
 * and similar characters unescaped.
 * @param {import('node:stream').Readable} output
 * @param {import('node:stream').Writable} log
 * @param {(line: string) => boolean} [take] keeps a line out of the log by returning true
 */
export const logLines = (output, log, take) => {
  const cutter = new LineCutter(LONGEST_LINE);
  const write = (lines) => {
    for (const { bytes = TOO_LONG } of lines) {
      if (!take?.(bytes.toString())) log.write(Buffer.concat([bytes, LINE_FEED]));
    }
  };
  output.on('data', (chunk) => write(cutter.push(chunk)));
  output.on('end', () => write(cutter.end()));
};
