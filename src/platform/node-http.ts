// The parts of `node:http` that src/ uses. It is compiled without Node's types, and a Worker bundles
// none of Node's modules, so the module is asked of the running process.

/** A response of an origin, as Node's client reads it. */
export interface IncomingMessage extends AsyncIterable<Uint8Array> {
  readonly statusCode?: number;
  readonly statusMessage?: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  /** All of it has been received. */
  readonly complete: boolean;
  on(event: "error", listener: (cause: Error) => void): this;
  on(event: "close", listener: () => void): this;
  resume(): this;
  destroy(cause?: Error): this;
}

/** A request to an origin. */
export interface ClientRequest {
  /** 0: all of them. */
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
      /** `false`: a connection of its own, which is closed behind the response. */
      readonly agent: false | undefined;
    },
  ): ClientRequest;
}

const runtime = globalThis as {
  readonly process?: { getBuiltinModule?(name: string): HttpModule | undefined };
};

/**
 * @param protocol of a URL: `http:` or `https:`
 * @throws Error where the runtime has no such module, as Node before 20.16
 */
export function httpModule(protocol: string): HttpModule {
  const found = runtime.process?.getBuiltinModule?.(
    protocol === "https:" ? "node:https" : "node:http",
  );
  if (found === undefined) throw new Error("Origins with a URL need Node 20.16 or newer.");
  return found;
}
