// Globals of Node that Workers lack, or for which Workers have only a slow equivalent. Refuses a Node that is too
// old when it imports this module, which each entry that needs a newer one does.

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
    /** Bun and Deno state a version of Node of their own choice. */
    readonly versions?: { readonly [name in "node" | "bun" | "deno"]?: string };
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
    byteLength(text: string): number;
    from(text: string, encoding: "base64"): Buffer;
    from(bytes: ArrayBuffer, offset?: number, length?: number): Buffer;
  };
}

/** @throws Error on a Node before 22.12. Workers state a version of Node as well */
function currentGlobals(found: NodeGlobals): NodeGlobals {
  const { node, bun, deno } = found.process?.versions ?? {};
  const isNode = node !== undefined && (bun ?? deno) === undefined && !isOnWorkers();
  const [major = 0, minor = 0] = isNode ? node.split(".").map(Number) : [22, 12];
  if (major > 22 || (major === 22 && minor >= 12)) return found;
  throw new Error(`tidemark needs Node 22.12 or newer; this is v${node}.`);
}

/** Returns whether this runtime limits invocations, and forbids them to share I/O. Only Workers do. */
export function isOnWorkers(): boolean {
  return "WebSocketPair" in globalThis;
}

const globals: object = globalThis;

/** On Workers, members exist only with `nodejs_compat`. */
export const nodeGlobals: NodeGlobals = currentGlobals(globals);
