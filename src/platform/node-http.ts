// The parts of `node:http` that src/ uses. src/ is compiled without Node's types, and a Worker
// bundles no Node modules, so the module comes from `process.getBuiltinModule`.

/** A response of an origin in Node's client. */
export interface IncomingMessage extends AsyncIterable<Uint8Array> {
  readonly statusCode?: number;
  readonly statusMessage?: string;
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[];
  /** Whether the response was received completely. */
  readonly complete: boolean;
  on(event: "error", listener: (cause: Error) => void): this;
  on(event: "close", listener: () => void): this;
  resume(): this;
  destroy(cause?: Error): this;
}

/** A request to an origin. */
export interface ClientRequest {
  /** 0: no limit. */
  maxHeadersCount: number | null;
  on(event: "response", listener: (incoming: IncomingMessage) => void): this;
  on(event: "upgrade", listener: () => void): this;
  on(event: "error", listener: (cause: Error) => void): this;
  on(event: "close" | "drain", listener: () => void): this;
  once(event: "close" | "drain", listener: () => void): this;
  write(chunk: Uint8Array): boolean;
  end(): this;
  destroy(cause?: Error): this;
  readonly destroyed: boolean;
}

interface HttpModule {
  request(
    url: string,
    options: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly signal: AbortSignal;
      readonly maxHeaderSize: number;
      readonly insecureHTTPParser: boolean;
      /** `false`: uses a separate connection, and closes it after the response. */
      readonly agent: false | undefined;
    },
  ): ClientRequest;
}

const runtime = globalThis as {
  readonly process?: { getBuiltinModule?(name: string): HttpModule | undefined };
};

/**
 * Returns the module for a protocol.
 *
 * @param protocol the protocol of a URL: `http:` or `https:`
 * @throws Error if the runtime lacks the module
 */
export function httpModule(protocol: string): HttpModule {
  const found = runtime.process?.getBuiltinModule?.(
    protocol === "https:" ? "node:https" : "node:http",
  );
  if (found === undefined)
    throw new Error("Origins with a URL need Workers, or Node 22.12 or newer.");
  return found;
}
