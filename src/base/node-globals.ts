// The globals of Node that have no equivalent, or only a slow one, among those of Workers.

interface Buffer extends Uint8Array<ArrayBuffer> {
  toString(encoding?: "base64"): string;
}

interface NodeGlobals {
  readonly process?: {
    /** Runs work after all promises that this turn of the event loop settles. */
    nextTick(work: () => void): void;
    getBuiltinModule?: {
      (name: "node:crypto"): {
        hash?(this: void, algorithm: "sha256", bytes: Uint8Array, encoding: "hex"): string;
      };
      (name: "node:v8"): { getHeapStatistics(): { readonly heap_size_limit: number } };
    };
  };
  readonly Buffer?: {
    readonly prototype: Buffer;
    from(text: string, encoding: "base64"): Buffer;
    from(bytes: ArrayBuffer, offset?: number, length?: number): Buffer;
  };
}

const globals: object = globalThis;

/** On Workers, members exist only with `nodejs_compat`. */
export const nodeGlobals: NodeGlobals = globals;
