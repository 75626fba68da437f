// Globals of Node that Workers lack, or for which Workers have only a slow equivalent.

interface Buffer extends Uint8Array<ArrayBuffer> {
  toString(encoding?: "base64"): string;
}

/** Keeps a value for all work that a call starts, also after the call has returned. */
export interface AsyncStorage<Value> {
  run<Result>(value: Value, work: () => Result): Result;
  getStore(): Value | undefined;
}

export interface NodeCrypto {
  hash?(
    this: void,
    algorithm: "sha256" | "sha1",
    content: Uint8Array | string,
    encoding: "hex" | "base64" | "base64url",
  ): string;
}

export interface NodeZlib {
  gzipSync(bytes: Uint8Array, options: { level: number }): Uint8Array<ArrayBuffer>;
  gunzipSync(bytes: Uint8Array, options: { maxOutputLength: number }): Uint8Array<ArrayBuffer>;
}

interface NodeGlobals {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    /** Runs work after all promises that this turn of the event loop settles. */
    nextTick(work: () => void): void;
    getBuiltinModule?: {
      (name: "node:crypto"): NodeCrypto;
      (name: "node:async_hooks"): {
        AsyncLocalStorage: {
          new <Value>(): AsyncStorage<Value>;
          /** Returns a function that runs work in the present context. */
          snapshot(): <Result>(work: () => Result) => Result;
        };
        AsyncResource: new (type: string) => {
          runInAsyncScope<Result>(work: () => Result): Result;
        };
      };
      (name: "node:zlib"): NodeZlib;
      (name: "node:cluster"): { readonly isWorker: boolean };
      (name: "node:worker_threads"): { readonly isMainThread: boolean };
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
