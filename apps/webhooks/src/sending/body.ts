import type { Dispatcher } from 'undici';

/** The first bytes of an answer's body. One that breaks off, hangs or never ends gives what came until then. */
export const bodyUpTo = async (body: Dispatcher.ResponseData['body'], bytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      // Leaving the loop destroys the stream, and with it the connection.
      if (size > bytes) break;
    }
  } catch {
    // What came before it broke off is kept; that it broke off is of no consequence.
  }
  return Buffer.concat(chunks).subarray(0, bytes);
};
