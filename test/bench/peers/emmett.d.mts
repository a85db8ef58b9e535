/** As much of Emmett's store as is measured. */
export interface EmmettStore {
  appendToStream(stream: string, events: readonly { type: string; data: object }[]): Promise<unknown>;
  close(): Promise<void>;
}
export function openEmmett(url: string): EmmettStore;
